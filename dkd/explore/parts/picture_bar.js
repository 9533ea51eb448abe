// Bars: one for each value of a split, or for each step of time.

const BAR = { row: 30, pad: 6 };

function drawBars(app, canvas) {
  const { picture } = app.data;
  // Without a split the bars are steps of time.
  if (picture.matrix) { drawStack(app, canvas); return; }
  const { pic } = app;
  const { rows, most } = picture.bars;
  const dimension = picture.splits[0]?.[0];
  const names = rows.map((row) => nameOf(dimension, row));
  const isSmall = pic.width < 560;
  const texts = rows.map((row) => row.text + (row.error ? ` ${row.error}` : "") + (row.part && !isSmall ? ` · ${row.part}` : "") + (picture.compares && row.change ? ` · ${row.change}` : ""));
    const left = Math.min(widest(names, 13) + 14, pic.width * (isSmall ? .34 : .28)), right = Math.min(widest(texts) * 1.06 + 20, pic.width * .5);
  const room = Math.max(20, pic.width - left - right), height = rows.length * BAR.row + BAR.pad;
  const svg = resize(canvas, pic.width, height);
  const lowest = Math.min(0, ...rows.map((row) => row.value ?? 0)), top = Math.max(0, ...rows.filter((row) => !row.others).map((row) => row.value ?? 0)) || (most || 1);
  const x = (value) => left + (Math.min(value, top) - lowest) / (top - lowest) * room;
  Object.assign(pic, { near: null, brushes: false, isFree: false, showOwn: null });
  pic.marks = rows.map((row, r) => ({
    r, c: 0, x: x(Math.max(0, row.value ?? 0)), y: r * BAR.row + 8, key: row.key, others: row.others, value: row.value, name: names[r], labels: [names[r]],
    said: withUnit(row.text, picture.unit) + (row.error ? ` ${row.error}` : ""), more: [row.part && `${row.part} of all`, picture.compares && row.previous ? `before ${row.previous}, ${row.change}` : ""],
  }));
  svg.replaceChildren(...rows.flatMap((row, r) => barShapes(row, r, { x, left, width: pic.width, name: names[r], text: texts[r], top, compares: picture.compares })));
}

function barShapes(row, r, { x, left, width, name, text, top, compares }) {
  const y = r * BAR.row, value = row.value ?? 0, from = x(Math.min(0, value)), to = x(Math.max(0, value));
  const group = shape("g", { "data-at": r, class: `bar${row.others ? " others" : ""}`, "data-value": row.value ?? "" });
  const over = row.others && value > top;
  group.append(
    shape("rect", { class: "hit", x: 0, y, width, height: BAR.row }),
    shape("text", { class: "label", x: left - 10, y: y + 20, "text-anchor": "end" }, cut(name, left - 14, 13)),
    shape("rect", { class: "fill", x: from, y: y + 5, width: Math.max(value ? 1 : 0, to - from), height: BAR.row - 10, rx: 3 }));
  if (compares && row.before) group.append(shape("line", { class: "then", x1: x(row.before), x2: x(row.before), y1: y + 3, y2: y + BAR.row - 3 }));
  if (row.off) group.append(shape("path", { class: "whisker", d: `M${x(value - row.off).toFixed(1)} ${y + 15}H${x(value + row.off).toFixed(1)}m0-4v8M${x(value - row.off).toFixed(1)} ${y + 11}v8` }));
  // The others may be more than all values together: their bar is broken off, its number is beside it.
  if (over) group.append(shape("path", { class: "broken", d: `M${to - 10} ${y + 3}l5 8-5 8 5 8` }));
  const [number, ...rest] = text.split(" · "), said = shape("text", { class: "num", x: to + 8, y: y + 20 }, number);
  if (rest.length) said.append(shape("tspan", { dx: 7 }, rest.join(" · ")));
  group.append(said);
  return [group];
}
