// The chart of one measure over time, with a brush for mouse and keys.

const PAD = { left: 46, right: 14, top: 10, bottom: 24 };
const STEPS_MIN = [1, 5, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080];

function buildChart(app) {
  const plot = app.$(".plot");
  new ResizeObserver(() => app.data && drawChart(app)).observe(plot);
  const at = (event) => {
    const box = plot.getBoundingClientRect();
    const { count, x } = app.scale;
    let best = 0;
    for (let n = 1; n < count; n++) if (Math.abs(x(n) - (event.clientX - box.left)) < Math.abs(x(best) - (event.clientX - box.left))) best = n;
    return best;
  };
  plot.onpointerdown = (event) => {
    if (!app.scale || event.button) return;
    plot.setPointerCapture(event.pointerId);
    app.brush = [at(event), at(event)];
  };
  plot.onpointermove = (event) => {
    if (!app.scale) return;
    app.cursor = at(event);
    if (app.brush && event.buttons) app.brush[1] = app.cursor;
    drawMarks(app);
  };
  plot.onpointerup = () => {
    if (app.brush && app.brush[0] !== app.brush[1]) markSpan(app);
    else { app.span = null; drawSpan(app); }
    app.brush = null;
    drawMarks(app);
  };
  plot.onpointercancel = plot.onpointerup;
  plot.onpointerleave = () => { if (!app.brush) { app.cursor = null; drawMarks(app); } };
  plot.onblur = () => { app.cursor = app.brush = null; drawMarks(app); };
  plot.onkeydown = (event) => chartKey(app, event);
}

function chartKey(app, event) {
  if (!app.scale) return;
  const last = app.scale.count - 1;
  const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -last, End: last };
  if (event.key in moves) {
    const from = app.cursor ?? (moves[event.key] > 0 ? -1 : last + 1);
    const to = Math.max(0, Math.min(last, from + moves[event.key]));
    app.brush = event.shiftKey ? [app.brush?.[0] ?? Math.max(0, Math.min(last, from)), to] : null;
    app.cursor = to;
    say(app, pointText(app, to));
  } else if (event.key === "Enter" && app.cursor != null) {
    app.brush ??= [app.cursor, app.cursor];
    markSpan(app);
    app.brush = null;
    app.$(".chart .acts button")?.focus();
  } else if (event.key === "Escape") { app.cursor = app.brush = app.span = null; drawSpan(app); }
  else return;
  event.preventDefault();
  drawMarks(app);
}

/** Keep what is marked, so that a person can say what it is marked for. */
function markSpan(app) {
  const [low, high] = [...app.brush].sort((a, b) => a - b);
  const { starts_ms: starts, end_ms: end, labels } = app.data.chart;
  app.span = { at: [low, high], label: high + 1 < labels.length ? `${labels[low]} to ${labels[high + 1]}` : `${labels[low]} to the end`,
    start_ms: starts[low], end_ms: starts[high + 1] ?? end, isAll: high === low && starts.length === 1 };
  app.cursor = null;
  drawSpan(app);
}

function drawSpan(app) {
  const { span } = app;
  let at = app.$(".chart .acts");
  if (!at) {
    at = node("div", { className: "acts", role: "toolbar", ariaLabel: "What to do with what is marked" });
    app.$(".chart .plot").after(at);
  }
  at.hidden = !span;
  if (!span) { at.replaceChildren(); return; }
  const { start_ms, end_ms } = span;
  const send = (gesture) => { app.span = null; drawSpan(app); app.send({ ...gesture, start_ms, end_ms }); };
  const zoom = act("Zoom", () => send({ kind: "span" }), "main");
  zoom.disabled = span.isAll;
  at.replaceChildren(node("b", { textContent: span.label }), zoom, act("Compare with before", () => send({ kind: "against_before" })), node("span", { className: "gap" }),
    act("Clear", () => { app.span = null; drawSpan(app); drawMarks(app); app.$(".plot").focus({ preventScroll: true }); }, "plain"));
}

function pointText(app, n) {
  const { chart } = app.data;
  const past = chart.previous ? `, before ${withUnit(exact(chart.previous[n], chart.decimals), chart.unit)}` : "";
  return `${chart.labels[n]}: ${withUnit(exact(chart.now[n], chart.decimals), chart.unit)}${past}`;
}

function drawChart(app) {
  const { data, $ } = app;
  const { chart } = data;
  const isShown = chart && (!data.picture || data.picture.is_elsewhere);
  $(".chart").hidden = !isShown;
  if (!isShown) { app.scale = null; return; }
  if (app.span && (chart.starts_ms[app.span.at[0]] !== app.span.start_ms || !(app.span.at[1] < chart.now.length))) app.span = null;
  drawSpan(app);
  const unit = chart.unit ? `, ${chart.unit}` : "";
  put($(".chart h2"), "textContent", `${chart.label} by ${chart.grain}${unit}`);
  const legend = chart.previous ? [["now", "this period"], ["before", "period before"]] : [];
  sync($(".legend"), legend, ([name]) => name, ([name, text]) => node("span", { className: name }, node("i"), text), () => {});
  options($(".grain select"), [["", "Automatic step"], ...data.menus.grains], data.view.grain ?? "");
  const peak = chart.now.reduce((best, value, n) => ((value ?? 0) > (chart.now[best] ?? 0) ? n : best), 0);
  $(".plot").setAttribute("aria-label", `${chart.label} by ${chart.grain}, ${chart.now.length} steps. Highest: ${pointText(app, peak)}`);
  drawLines(app);
  drawTwin(app);
}

function drawLines(app) {
  const { chart } = app.data;
  const plot = app.$(".plot");
  const width = plot.clientWidth, height = plot.clientHeight;
  if (!width) return;
  const count = chart.now.length;
  const ticks = nice(Math.max(0, ...chart.now, ...(chart.previous ?? [])), chart.decimals);
  const top = ticks[ticks.length - 1];
  const x = (n) => PAD.left + (count > 1 ? n / (count - 1) : .5) * (width - PAD.left - PAD.right);
  const y = (value) => height - PAD.bottom - value / top * (height - PAD.top - PAD.bottom);
  app.scale = { count, x, y, width, height };
  const svg = plot.querySelector("svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const parts = ticks.flatMap((value) => [
    shape("line", { class: "grid", x1: PAD.left, x2: width - PAD.right, y1: y(value), y2: y(value) }),
    shape("text", { x: PAD.left - 8, y: y(value) + 4, "text-anchor": "end" }, compact.format(value)),
  ]);
  for (const [n, text, isDay] of timeTicks(chart, width)) {
    parts.push(shape("text", { class: isDay ? "day" : "", x: x(n), y: height - 6, "text-anchor": x(n) > width - 40 ? "end" : x(n) < 60 ? "start" : "middle" }, text));
  }
  const solid = chart.unfinished && count > 1 ? chart.now.slice(0, -1) : chart.now;
  if (chart.previous) parts.push(shape("path", { class: "past", d: path(chart.previous, x, y) }));
  parts.push(shape("path", { class: "area", d: area(chart.now, x, y) }), shape("path", { class: "line", d: path(solid, x, y) }));
  if (solid !== chart.now) {
    const tail = chart.now.map((value, n) => (n < count - 2 ? null : value));
    parts.push(shape("path", { class: "line open", d: path(tail, x, y) }));
  }
  if (count === 1) parts.push(shape("circle", { class: "dot", cx: x(0), cy: y(chart.now[0] ?? 0), r: 4 }));
  parts.push(...deploys(app.data.marks, chart, x, PAD.top, height - PAD.bottom), shape("g", { class: "marks" }));
  svg.replaceChildren(...parts);
  drawMarks(app);
}

/** Where a time lies among the buckets, as a number of buckets. */
function placeOf(ms, chart) {
  const { starts_ms: starts } = chart;
  const n = Math.max(0, starts.findLastIndex((start) => start <= ms));
  const width = (starts[n + 1] ?? chart.end_ms) - starts[n];
  return Math.min(starts.length - 1, n + Math.max(0, Math.min(1, (ms - starts[n]) / (width || 1))));
}

/** Deploys as dashed lines with a head to point at; what they changed is in the title, and in the table. */
function deploys(marks, chart, x, top, bottom) {
  return (marks ?? []).map((mark) => {
    const at = x(placeOf(mark.ms, chart));
    const group = shape("g", { class: "deploy" });
    group.append(shape("title", {}, `${mark.label}. ${mark.about}`), shape("line", { x1: at, x2: at, y1: top, y2: bottom, "vector-effect": "non-scaling-stroke" }));
    if (top) group.append(shape("path", { d: `M${at - 5} ${top - 6}h10l-5 8z` }));
    return group;
  });
}

function nice(most, decimals) {
  if (!most) return [0, 1];
  const rough = decimals ? most / 4 : Math.max(1, most / 4), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 3, 4, 5, 6, 8, 10].map((one) => one * power).find((one) => one >= rough);
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, n) => n * step);
}

function path(values, x, y) {
  let pen = false;
  return values.map((value, n) => {
    if (value == null) { pen = false; return ""; }
    // A point between two gaps has no line to be on: its own is as short as the pen is wide.
    const end = pen || (values[n + 1] ?? null) !== null ? "" : "h0.1";
    const part = `${pen ? "L" : "M"}${x(n).toFixed(1)} ${y(value).toFixed(1)}${end}`;
    pen = true;
    return part;
  }).join("");
}

function area(values, x, y) {
  const line = path(values.map((value) => value ?? 0), x, y);
  return line && `${line}L${x(values.length - 1).toFixed(1)} ${y(0)}L${x(0).toFixed(1)} ${y(0)}Z`;
}

/** Where to write times: at round ones of the zone's clock, as many as have room. */
function timeTicks(chart, width) {
  const room = Math.max(2, Math.floor(width / 90));
  const day = (local) => new Date(`${local}Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  const isDate = /day|week|month|quarter|year/.test(chart.grain);
  if (isDate) {
    const step = Math.ceil(chart.local.length / room);
    return chart.local.map((local, n) => [n, day(local), false]).filter(([n]) => n % step === 0);
  }
  const minutes = (local) => new Date(`${local}Z`).getTime() / 60000;
  const length = minutes(chart.local.at(-1)) - minutes(chart.local[0]);
  const step = STEPS_MIN.find((one) => length / one <= room) ?? 40320;
  return chart.local.map((local, n) => [n, local, minutes(local)]).filter(([, , at]) => at % step === 0)
    .map(([n, local, at]) => [n, at % 1440 ? local.slice(11) : day(local), at % 1440 === 0]);
}

function drawMarks(app) {
  const marks = app.$(".plot .marks"), tip = app.$(".tip");
  if (!marks || !app.scale || !app.data.chart) { tip.hidden = true; return; }
  const { x, y, height, width, count } = app.scale;
  const { chart } = app.data;
  marks.replaceChildren();
  const marked = app.brush && app.brush[0] !== app.brush[1] ? app.brush : app.span?.at;
  if (marked) {
    const [low, high] = [...marked].sort((a, b) => a - b);
    marks.append(shape("rect", { class: "brush", x: x(low), width: x(high) - x(low), y: PAD.top, height: height - PAD.top - PAD.bottom }));
  }
  const n = app.cursor;
  tip.hidden = n == null || n >= count;
  if (tip.hidden) return;
  marks.append(shape("line", { class: "mark", x1: x(n), x2: x(n), y1: PAD.top, y2: height - PAD.bottom }));
  if (chart.now[n] != null) marks.append(shape("circle", { class: "dot", cx: x(n), cy: y(chart.now[n]), r: 4.5 }));
  const past = chart.previous ? [node("span", { textContent: `before ${withUnit(exact(chart.previous[n], chart.decimals), chart.unit)}` })] : [];
  const open = chart.unfinished && n === count - 1 ? [node("span", { textContent: "not over yet" })] : [];
  tip.replaceChildren(node("span", { textContent: chart.labels[n] }), node("b", { textContent: withUnit(exact(chart.now[n], chart.decimals), chart.unit) }), ...past, ...open);
  const left = x(n) + 14 + tip.offsetWidth > width ? x(n) - 14 - tip.offsetWidth : x(n) + 14;
  tip.style.left = `${Math.max(0, left)}px`;
}

function drawTwin(app) {
  const { $ } = app;
  const { chart } = app.data;
  const rows = $(".rows");
  $(".twin").ariaPressed = String(Boolean(app.twin));
  rows.hidden = !app.twin || !chart;
  if (rows.hidden) return;
  const heads = ["Time", withUnit(chart.label, chart.unit), ...(chart.previous ? ["Period before"] : [])];
  rows.querySelector("thead").replaceChildren(node("tr", {}, ...heads.map((text) => node("th", { scope: "col", textContent: text }))));
  rows.querySelector("tbody").replaceChildren(...chart.now.map((value, n) => node("tr", {},
    node("td", { textContent: chart.labels[n] }), node("td", { textContent: exact(value, chart.decimals) }),
    ...(chart.previous ? [node("td", { textContent: exact(chart.previous[n], chart.decimals) })] : []))));
}
