// A heat map: one side down, the other across, the darker the more; numbers stand in the cells where they have room.

function drawHeat(app, canvas) {
  const { picture } = app.data;
  const { pic } = app;
  const { across, down, measures: [measure] } = picture.matrix;
  const names = down.items.map((item) => nameOf(down.dimensions[0], { key: item.key[0], label: item.labels[0] }));
  const columns = across.items.map((item) => (across.is_time ? item.label : nameOf(across.dimension, item)));
  const left = Math.min(widest(names, 13) + 14, pic.width * .3), right = 4, topPad = 26;
  const step = (pic.width - left - right) / Math.max(1, columns.length), row = Math.max(22, Math.min(38, 460 / Math.max(1, names.length)));
  const height = topPad + names.length * row + 8;
  const svg = resize(canvas, pic.width, height);
  const values = measure.now.flatMap((line, r) => line.filter((_, c) => !down.items[r].others && !across.items[c].others)).filter((value) => value != null);
  const most = Math.max(1e-12, ...values.map(Math.abs));
  const place = { left, topPad, step, row };
  const shapes = [...heatHeads(across, columns, place, pic.width), ...names.map((text, r) => shape("text", { class: `label${down.items[r].others ? " others" : ""}`, x: left - 9, y: topPad + r * row + row / 2 + 4.5, "text-anchor": "end" }, cut(text, left - 12, 13)))];
  const hasRoom = step > 20 && widest(measure.now.flat().map((value) => (value == null ? "" : compact.format(value))), 11.5) < step - 4;
  pic.marks = [];
  measure.now.forEach((line, r) => line.forEach((value, c) => shapes.push(heatCell(app, { picture, across, down, measure, names, columns, value, r, c, most, place, hasRoom }))));
  svg.replaceChildren(...shapes);
  Object.assign(pic, { near: null, brushes: false, isFree: false, showOwn: null });
}

function heatHeads(across, columns, { left, step }, width) {
  if (across.is_time) {
    return timeTicks({ local: across.items.map((item) => item.local), grain: across.grain }, width - left).map(([n, text, isDay]) => shape("text", { class: isDay ? "day" : "", x: left + (n + .5) * step, y: 16, "text-anchor": "middle" }, text));
  }
  return columns.map((text, c) => shape("text", { class: across.items[c].others ? "others" : "", x: left + (c + .5) * step, y: 16, "text-anchor": "middle" }, cut(text, step - 5)));
}

function heatCell(app, { picture, across, down, measure, names, columns, value, r, c, most, place, hasRoom }) {
  const { marks } = app.pic;
  const { left, topPad, step, row } = place;
  const isOthers = down.items[r].others || across.items[c].others;
  // The square root keeps small numbers apart from none; the others are no value, and have no heat.
  const heat = isOthers || !value ? 0 : Math.sqrt(Math.min(1, Math.abs(value) / most));
  const x = left + c * step, y = topPad + r * row;
  const group = shape("g", { "data-at": marks.length, "data-value": value ?? "", class: `cell-heat${isOthers ? " others" : ""}${across.unfinished && c === columns.length - 1 ? " open" : ""}` });
  group.append(shape("rect", { x: x + 1, y: y + 1, width: Math.max(1, step - 2), height: row - 2, rx: 3, style: `--h: ${(heat * 100).toFixed(1)}%` }));
  if (hasRoom) group.append(shape("text", { x: x + step / 2, y: y + row / 2 + 4, "text-anchor": "middle" }, value == null ? "" : compact.format(value)));
  const { said, more } = saidOf(picture, value, measure.off?.[r][c], measure.before?.[r][c]);
  const item = across.items[c];
  const key = across.is_time ? down.items[r].key : [...down.items[r].key, item.key];
  marks.push({ r, c, x: x + step, y, key, others: isOthers, value, name: `${names[r]}, ${columns[c]}`, labels: [names[r], ...(across.is_time ? [] : [columns[c]])], said, more,
    ...(across.is_time ? { start_ms: item.time_ms, end_ms: across.items[c + 1]?.time_ms ?? across.end_ms } : {}) });
  return group;
}
