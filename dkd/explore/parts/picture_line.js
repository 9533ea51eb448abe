// Lines over time, one for each value, and stacks of values over time or over another split.

const SIDE = { left: 50, right: 16, top: 12, bottom: 26 };
const LABELS_FROM = 720;

function colour(item, at) { return item.others ? "var(--c0)" : `var(--c${at % 8 + 1})`; }
const dashOf = (item, at) => (item.others ? "2 3" : ["", "7 3", "2 3", "9 3 2 3", "5 2", "1 3", "12 4", "6 2 1 2"][at % 8]);

/** What both kinds need: names, scales and the frame of axes. */
function frameOf(app, canvas, top, low = 0) {
  const { picture } = app.data;
  const { across, down } = picture.matrix;
  const names = down.items.map((item) => nameOf(down.dimensions[0], { key: item.key[0], label: item.labels[0] }));
  const { pic } = app;
  const hasLabels = picture.kind === "line" && pic.width >= LABELS_FROM;
  const right = hasLabels ? Math.min(widest(names) + 36, 200) : SIDE.right;
  const height = pic.width < 560 ? 250 : 330;
  const ticks = axis(low, top, picture.decimals);
  const [least, most] = [ticks[0], ticks.at(-1)];
  const y = (value) => height - SIDE.bottom - (value - least) / (most - least || 1) * (height - SIDE.top - SIDE.bottom);
  return { picture, across, down, names, pic, right, height, ticks, y, hasLabels, svg: resize(canvas, pic.width, height) };
}

function axis(low, top, decimals) {
  const up = nice(top, decimals);
  if (low >= 0) return up;
  const step = up[1] - up[0] || 1;
  const under = Array.from({ length: Math.ceil(-low / step) }, (_, n) => -step * (n + 1)).reverse();
  return [...under, ...up];
}

function gridShapes({ ticks, y, pic, right }) {
  return ticks.flatMap((value) => [
    shape("line", { class: "rule", x1: SIDE.left, x2: pic.width - right, y1: y(value), y2: y(value) }),
    shape("text", { x: SIDE.left - 8, y: y(value) + 4, "text-anchor": "end" }, compact.format(value))]);
}

function drawSeries(app, canvas) {
  const [measure] = app.data.picture.matrix.measures;
  const flat = measure.now.flat().filter((value) => value != null);
  const frame = frameOf(app, canvas, Math.max(0, ...flat), Math.min(0, ...flat));
  const { pic, across, down, names, y, right, height, svg } = frame;
  const count = across.items.length;
  const x = (n) => SIDE.left + (count > 1 ? n / (count - 1) : .5) * (pic.width - SIDE.left - right);
  const solid = across.unfinished && count > 1 ? count - 1 : count;
  const shapes = [...gridShapes(frame), ...timeLabels(across, x, height, pic.width, right)];
  // The first value is drawn last, so that it lies on top.
  for (let r = down.items.length - 1; r >= 0; r--) {
    const item = down.items[r], line = { class: `series${item.others ? " others" : ""}`, "data-row": r, style: `--c: ${colour(item, r)}`, "stroke-dasharray": dashOf(item, r) };
    shapes.push(shape("path", { ...line, d: path(measure.now[r].slice(0, solid), x, y) }));
    if (solid < count) shapes.push(shape("path", { ...line, class: `${line.class} open`, d: path(measure.now[r].map((value, n) => (n < count - 2 ? null : value)), x, y) }));
    if (count === 1 && measure.now[r][0] != null) shapes.push(shape("circle", { class: "point", style: `--c: ${colour(item, r)}`, cx: x(0), cy: y(measure.now[r][0]), r: 4 }));
  }
  if (frame.hasLabels) shapes.push(...endLabels(frame, measure, x(count - 1)));
  shapes.push(...deploysOf(app, frame, x), shape("g", { class: "own" }));
  svg.replaceChildren(...shapes);
  seriesMarks(app, frame, measure, x);
  drawKeys(app, frame, measure);
}

function deploysOf(app, { across, height }, x) {
  const chart = { starts_ms: across.items.map((item) => item.time_ms), end_ms: across.end_ms };
  return deploys(app.data.marks, chart, x, SIDE.top, height - SIDE.bottom);
}

function seriesMarks(app, { pic, picture, across, down, names, y, height, right }, measure, x) {
  const count = across.items.length;
  pic.marks = down.items.flatMap((item, r) => across.items.map((when, c) => {
    const value = measure.now[r][c];
    const { said, more } = saidOf(picture, value, measure.off?.[r][c], measure.before?.[r][c]);
    return { r, c, x: x(c), y: value == null ? height / 2 : y(value), key: item.key, others: item.others, value, name: `${names[r]}, ${when.label}`, labels: [names[r]],
      said, more: [...more, across.unfinished && c === count - 1 ? "not over yet" : ""], start_ms: when.time_ms, end_ms: across.items[c + 1]?.time_ms ?? across.end_ms };
  }));
  pic.brushes = across.is_time;
  pic.isFree = false;
  pic.near = (event, box) => {
    const c = Math.max(0, Math.min(count - 1, Math.round(count > 1 ? (event.clientX - box.left - SIDE.left) / (pic.width - SIDE.left - right) * (count - 1) : 0)));
    const gap = (r) => Math.abs(pic.marks[r * count + c].y - (event.clientY - box.top));
    const near = down.items.reduce((best, _, r) => (gap(r) < gap(best) ? r : best), 0);
    return pic.marks.length ? near * count + c : null;
  };
  pic.showOwn = () => {
    const own = app.$(".picture .own");
    if (!own) return;
    const shapes = rangeShape(pic, (n) => x(n), height);
    for (const [at, size] of [[pic.picked, 6], [pic.cursor, 4.5]]) {
      const mark = pic.marks[at];
      if (!mark) continue;
      shapes.push(shape("line", { class: "mark", x1: mark.x, x2: mark.x, y1: SIDE.top, y2: height - SIDE.bottom }),
        shape("circle", { class: "point", style: `--c: ${colour(down.items[mark.r], mark.r)}`, cx: mark.x, cy: mark.y, r: size }));
    }
    own.replaceChildren(...shapes);
    const row = pic.marks[pic.cursor]?.r ?? pic.marks[pic.picked]?.r;
    for (const line of app.root.querySelectorAll(".picture .series")) line.classList.toggle("dim", row !== undefined && Number(line.dataset.row) !== row && down.items.length > 1);
  };
}

function rangeShape(pic, x, height, width = 0) {
  const span = pic.brush && pic.brush[0] !== pic.brush[1] ? [...pic.brush].sort((a, b) => a - b) : pic.range;
  if (!span) return [];
  return [shape("rect", { class: "brush", x: x(span[0]), width: x(span[1]) - x(span[0]) + width, y: SIDE.top, height: height - SIDE.top - SIDE.bottom })];
}

function timeLabels(across, x, height, width, right) {
  const chart = { local: across.items.map((item) => item.local), grain: across.grain };
  return timeTicks(chart, width - right).map(([n, text, isDay]) =>
    shape("text", { class: isDay ? "day" : "", x: x(n), y: height - 7, "text-anchor": x(n) > width - right - 30 ? "end" : x(n) < 70 ? "start" : "middle" }, text));
}

/** Names at the ends of the lines, pushed apart where they would lie on each other. */
function endLabels({ across, down, names, y, height, right }, measure, left) {
  const last = across.items.length - (across.unfinished && across.items.length > 1 ? 2 : 1), floor = height - SIDE.bottom + 4;
  const ends = down.items.map((item, r) => ({ r, item, y: y(measure.now[r][last] ?? 0) })).sort((a, b) => a.y - b.y);
  ends.forEach((end, n) => { if (n) end.y = Math.max(end.y, ends[n - 1].y + 14); });
  for (let n = ends.length - 1, most = floor; n >= 0 && ends[n].y > most; n--, most -= 14) ends[n].y = most;
  return ends.flatMap(({ r, item, y: at }) => [
    shape("path", { class: "series", style: `--c: ${colour(item, r)}`, "stroke-dasharray": dashOf(item, r), d: `M${left + 6} ${at}h14` }),
    shape("text", { class: "end", x: left + 25, y: at + 4 }, cut(names[r], right - 28))]);
}

/** The legend: a button for each value, which chooses it over all of the time. */
function drawKeys(app, { picture, down, names, pic }, measure) {
  const legend = app.$(".picture .legend");
  if (down.items.length < 2 && !down.items[0]?.key.length) return;
  legend.replaceChildren(...down.items.map((item, r) => {
    const total = measure.down?.[r]?.text;
    const swatch = shape("svg", { class: "swatch", viewBox: "0 0 22 8", "aria-hidden": "true" });
    swatch.append(picture.kind === "line" ? shape("path", { class: "series", d: "M0 4H22", style: `--c: ${colour(item, r)}`, "stroke-dasharray": dashOf(item, r) })
      : shape("rect", { width: 22, height: 8, rx: 2, style: `fill: ${colour(item, r)}` }));
    const key = node("button", { type: "button", className: "plain" }, swatch, node("bdi", { textContent: names[r] }), ...(total ? [node("small", { textContent: total })] : []));
    key.dataset.value = measure.down?.[r]?.value ?? "";
    key.onclick = () => {
      pic.mark = { key: item.key, others: item.others, name: names[r], labels: [names[r]] };
      pic.picked = pic.range = null;
      drawActs(app);
    };
    return key;
  }));
}

/** Stacked bars: layers of one side over the steps or values of the other; what is below 0 hangs below. */
function drawStack(app, canvas) {
  const { across: side, measures: [measure], down: rows } = app.data.picture.matrix;
  const sum = (c, sign) => rows.items.reduce((all, _, r) => all + Math.max(0, sign * (measure.now[r][c] ?? 0)), 0);
  const ups = side.items.map((_, c) => sum(c, 1)), unders = side.items.map((_, c) => sum(c, -1));
  const frame = frameOf(app, canvas, Math.max(0, ...ups), -Math.max(0, ...unders));
  const { pic, picture, across, down, names, y, right, height, svg } = frame;
  const count = across.items.length, step = (pic.width - SIDE.left - right) / count, width = Math.max(1, Math.min(step - Math.min(3, step * .2), 90));
  const x = (c) => SIDE.left + (c + .5) * step - width / 2;
  const labels = across.items.map((item) => (across.is_time ? item.label : nameOf(across.dimension, item)));
  const shapes = [...gridShapes(frame), ...(across.is_time ? timeLabels(across, (n) => x(n) + width / 2, height, pic.width, right)
    : labels.map((text, c) => shape("text", { x: x(c) + width / 2, y: height - 7, "text-anchor": "middle" }, cut(text, step - 4))))];
  pic.marks = [];
  across.items.forEach((item, c) => {
    let up = 0, under = 0;
    down.items.forEach((row, r) => {
      const value = measure.now[r][c] ?? 0;
      const from = value < 0 ? under : up, to = from + value;
      if (value < 0) under = to; else up = to;
      const key = across.is_time ? row.key : [item.key, ...row.key], name = [labels[c], ...(row.key.length ? [names[r]] : [])];
      const { said, more } = saidOf(picture, measure.now[r][c], measure.off?.[r][c], measure.before?.[r][c]);
      if (value || down.items.length === 1) {
        const high = y(Math.max(from, to)), low = y(Math.min(from, to));
        const open = across.unfinished && c === count - 1 ? " open" : "";
        shapes.push(shape("rect", { "data-at": pic.marks.length, "data-value": value, class: `layer${open}`, style: `--c: ${down.items.length === 1 ? "var(--accent)" : colour(row, r)}`, x: x(c), width, y: high, height: Math.max(.5, low - high) }));
        pic.marks.push({ r, c, x: x(c) + width, y: high, key, others: row.others || item.others, value: measure.now[r][c], name: name.join(", "), labels: [names[r]],
          said, more: [ups[c] && down.items.length > 1 ? `${(value / (ups[c] - unders[c]) * 100).toFixed(1)} % of ${exact(ups[c] - unders[c], picture.decimals)}` : "", ...more, open ? "not over yet" : ""],
          ...(across.is_time ? { start_ms: item.time_ms, end_ms: across.items[c + 1]?.time_ms ?? across.end_ms } : {}) });
      }
    });
  });
  if (across.is_time) shapes.push(...deploysOf(app, frame, (n) => SIDE.left + n * step));
  svg.replaceChildren(...shapes, shape("g", { class: "own" }));
  pic.near = null;
  pic.isFree = false;
  pic.brushes = across.is_time;
  pic.showOwn = () => app.$(".picture .own")?.replaceChildren(...rangeShape(pic, x, height, width));
  drawKeys(app, frame, measure);
}
