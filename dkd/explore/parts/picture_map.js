// A map of the world's countries, the darker the more; a small country is a dot. Its shapes are a file of their own,
// loaded when the first map is shown.

function drawMap(app, canvas) {
  const { pic } = app;
  const width = pic.width || 300, height = Math.round(width * .46) + 34;
  const svg = resize(canvas, width, height);
  Object.assign(pic, { near: null, brushes: false, isFree: true, showOwn: null });
  if (!pic.world) {
    svg.replaceChildren();
    pic.loading ??= fetch("app/static/world.json").then((answer) => answer.json()).then((found) => {
      pic.world = found;
      if (app.data.picture?.kind === "map") drawBody(app);
    }).catch(() => { pic.loading = null; put(app.$(".picture .help"), "textContent", "The map's shapes could not be loaded; the table beside shows the same numbers."); });
    return;
  }
  paintMap(app, svg, width);
}

function paintMap(app, svg, width) {
  const { picture } = app.data;
  const { pic } = app;
  const { shapes, points, width: whole, height } = pic.world;
  const scale = width / whole;
  const rows = new Map(picture.bars.rows.filter((row) => !row.others && row.key[0] != null).map((row) => [row.key[0], row]));
  const most = Math.max(1e-12, ...[...rows.values()].map((row) => row.value ?? 0));
  const heat = (row) => `--h: ${(Math.sqrt(Math.max(0, row.value ?? 0) / most) * 100).toFixed(1)}%`;
  const land = shape("g", { transform: `scale(${scale})` });
  // Countries without a number lie below, so that no border of theirs covers one with a number.
  for (const [code, d] of Object.entries(shapes)) if (!rows.has(code)) land.append(shape("path", { class: "land", d }));
  const known = [...rows].filter(([code]) => shapes[code] || points[code]);
  known.forEach(([code, row]) => {
    const at = pic.marks.length;
    const made = shapes[code] ? shape("path", { d: shapes[code] }) : shape("circle", { cx: points[code][0], cy: points[code][1], r: 4.5 / scale });
    for (const [name, value] of Object.entries({ "data-at": at, "data-value": row.value ?? "", class: "country", style: heat(row) })) made.setAttribute(name, value);
    land.append(made);
    const [x, y] = shapes[code] ? middleOf(shapes[code]) : points[code];
    pic.marks.push({ r: at, c: 0, x: x * scale, y: y * scale, key: row.key, others: false, value: row.value, name: nameOf("country", { key: code, label: code }), labels: [nameOf("country", { key: code, label: code })],
      said: withUnit(row.text, picture.unit) + (row.error ? ` ${row.error}` : ""), more: [row.part && `${row.part} of all`, picture.compares && row.previous ? `before ${row.previous}, ${row.change}` : ""] });
  });
  svg.replaceChildren(land, ...mapScale(picture, most, height * scale + 8, width));
  const missing = picture.bars.rows.filter((row) => row.others || !(shapes[row.key[0]] || points[row.key[0]]));
  put(app.$(".picture .help"), "textContent", missing.length ? `Not on the map: ${missing.map((row) => `${nameOf("country", { key: row.key[0], label: row.label })} ${row.text}`).join(", ")}.` : "");
}

/** Where a shape's first outline lies, for its tip. */
function middleOf(d) {
  const rings = d.split("z").filter(Boolean).map((ring) => {
    const [head, tail] = ring.slice(1).split("l");
    let [x, y] = head.split(" ").map(Number);
    const box = [x, y, x, y], steps = (tail.match(/-?\d+/g) ?? []).map(Number);
    for (let n = 0; n + 1 < steps.length; n += 2) { x += steps[n]; y += steps[n + 1]; box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y); box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y); }
    return box;
  });
  const size = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  const [left, top, right, bottom] = rings.reduce((best, box) => (size(box) > size(best) ? box : best));
  return [(left + right) / 2, (top + bottom) / 2];
}

function mapScale(picture, most, y, width) {
  const steps = [0, .25, .5, .75, 1], wide = Math.min(40, width / 9);
  return [...steps.map((part, n) => shape("rect", { class: "country step", style: `--h: ${(part * 100).toFixed(0)}%`, x: n * wide, y, width: wide, height: 9 })),
    shape("text", { x: 0, y: y + 23 }, "0"), shape("text", { x: steps.length * wide, y: y + 23, "text-anchor": "end" }, withUnit(compact.format(most), picture.unit))];
}
