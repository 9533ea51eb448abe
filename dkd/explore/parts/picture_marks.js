// Moving among the marks of a picture by mouse and keys, the tip beside one, and the bar of actions for what is chosen.

function buildCanvas(app, pic, canvas) {
  const over = (event) => {
    const found = event.target.closest?.("[data-at]");
    if (pic.near) return pic.near(event, canvas.getBoundingClientRect());
    return found ? Number(found.dataset.at) : null;
  };
  canvas.onpointerdown = (event) => {
    if (event.button) return;
    pic.down = over(event);
    if (pic.brushes && pic.down != null && event.pointerType !== "touch") {
      canvas.setPointerCapture(event.pointerId);
      pic.brush = [pic.marks[pic.down].c, pic.marks[pic.down].c];
    }
  };
  canvas.onpointermove = (event) => {
    pic.cursor = over(event);
    if (pic.brush && event.buttons && pic.cursor != null) pic.brush[1] = pic.marks[pic.cursor].c;
    showCursor(app);
  };
  canvas.onpointerup = (event) => {
    const at = over(event), { brush } = pic;
    pic.brush = null;
    if (brush && brush[0] !== brush[1]) { chooseRange(app, brush); return; }
    if (at === pic.down) choose(app, at);
  };
  canvas.onpointercancel = () => { pic.brush = null; showCursor(app); };
  canvas.onpointerleave = () => { if (!pic.brush) { pic.cursor = null; showCursor(app); } };
  canvas.onblur = () => { pic.cursor = pic.brush = null; showCursor(app); };
  canvas.onkeydown = (event) => canvasKey(app, event);
}

function canvasKey(app, event) {
  const { pic } = app;
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: "first", End: "last" };
  if (event.key in moves) {
    const from = pic.cursor;
    pic.cursor = moved(pic, moves[event.key]);
    const mark = pic.marks[pic.cursor];
    if (event.shiftKey && pic.brushes && mark) {
      pic.brush = [pic.brush?.[0] ?? pic.marks[from ?? pic.cursor].c, mark.c];
    } else pic.brush = null;
    if (mark) say(app, `${mark.name}: ${mark.said}`);
  } else if (event.key === "Enter" && pic.cursor != null) {
    if (pic.brush && pic.brush[0] !== pic.brush[1]) chooseRange(app, pic.brush);
    else choose(app, pic.cursor);
    app.$(".picture .acts button")?.focus();
  } else if (event.key === "Escape") { choose(app, null); pic.cursor = null; }
  else return;
  event.preventDefault();
  showCursor(app);
}

/** The mark in a direction: the next one of the row or column, past empty places. */
function moved(pic, move) {
  const { marks, index, cursor } = pic;
  if (!marks.length) return null;
  if (move === "first" || cursor == null) return 0;
  if (move === "last") return marks.length - 1;
  const { r, c } = marks[cursor];
  const most = 1 + Math.max(...marks.map((mark) => Math.max(mark.r, mark.c)));
  for (let step = 1; step <= most; step++) {
    const found = index.get(`${r + move[0] * step},${c + move[1] * step}`);
    if (found !== undefined) return found;
  }
  // A picture of one row or column is gone through by any arrow.
  const next = cursor + move[0] + move[1];
  const isFlat = marks.every((mark) => mark.r === r) || marks.every((mark) => mark.c === c);
  return isFlat || pic.isFree ? Math.max(0, Math.min(marks.length - 1, next)) : cursor;
}

function choose(app, at) {
  const { pic } = app;
  pic.range = null;
  pic.picked = at === pic.picked ? null : at;
  showCursor(app);
  drawActs(app);
}

function chooseRange(app, [from, to]) {
  const { pic } = app;
  pic.picked = null;
  pic.range = [Math.min(from, to), Math.max(from, to)];
  showCursor(app);
  drawActs(app);
}

function showCursor(app) {
  const { pic } = app;
  const canvas = app.$(".picture .canvas"), tip = canvas.querySelector(".tip");
  for (const one of canvas.querySelectorAll(".at, .picked")) one.classList.remove("at", "picked");
  for (const [at, name] of [[pic.cursor, "at"], [pic.picked, "picked"]]) {
    if (at != null) canvas.querySelector(`[data-at="${at}"]`)?.classList.add(name);
  }
  pic.showOwn?.();
  const mark = pic.marks[pic.cursor];
  tip.hidden = !mark;
  if (!mark) return;
  tip.replaceChildren(...tipOf(app, mark));
  const left = mark.x + 14 + tip.offsetWidth > pic.width ? mark.x - 14 - tip.offsetWidth : mark.x + 14;
  tip.style.left = `${Math.max(0, Math.min(left, pic.width - tip.offsetWidth))}px`;
  tip.style.top = `${Math.max(0, mark.y - tip.offsetHeight - 10)}px`;
}

function tipOf(app, mark) {
  const lines = [node("span", {}, node("bdi", { textContent: mark.name })), node("b", { textContent: mark.said })];
  for (const text of mark.more ?? []) if (text) lines.push(node("span", { textContent: text }));
  return lines;
}

// What can be done with what is chosen.

function drawActs(app) {
  const { pic, data } = app;
  const at = app.$(".picture .acts");
  const mark = pic.mark ?? pic.marks[pic.picked];
  at.hidden = !mark && !pic.range;
  if (at.hidden) { at.replaceChildren(); return; }
  const clear = act("Clear", () => { pic.mark = null; choose(app, null); app.$(".picture .canvas").focus({ preventScroll: true }); }, "plain");
  at.replaceChildren(...(pic.range && !mark ? rangeActs(app) : markActs(app, mark, data.picture)), node("span", { className: "gap" }), clear);
}

const act = (text, onclick, className = "") => node("button", { type: "button", className, textContent: text, onclick });

function rangeActs(app) {
  const { pic } = app;
  const { across } = app.data.picture.matrix;
  const [from, to] = pic.range;
  const span = { start_ms: across.items[from].time_ms, end_ms: across.items[to + 1]?.time_ms ?? across.end_ms };
  return [node("b", { textContent: `${across.items[from].label} to ${to + 1 < across.items.length ? across.items[to + 1].label : "the end"}` }),
    act("Zoom", () => app.send({ kind: "span", ...span }), "main"),
    act("Compare with before", () => app.send({ kind: "against_before", ...span }))];
}

function markActs(app, mark, picture) {
  const title = node("b", {}, node("bdi", { textContent: mark.name }));
  if (mark.others) return [title, act("Show more values", () => app.send({ kind: "more" }), "main")];
  const found = [title];
  const span = { ...(mark.start_ms == null ? {} : { start_ms: mark.start_ms, end_ms: mark.end_ms }), ...(mark.split ? { at: mark.split } : {}) };
  const last = mark.labels?.at(-1);
  if (mark.key.length || mark.start_ms != null) found.push(act(mark.key.length ? "Filter" : "Zoom", () => app.send({ kind: "mark", key: mark.key, ...span }), "main"));
  if (mark.key.length) found.push(act(mark.key.length > 1 ? `Exclude ${last}` : "Exclude", () => app.send({ kind: "mark", key: mark.key, exclude: true, ...span })));
  const taken = new Set(picture.splits.map(([name]) => name));
  const spare = picture.spare.filter(([name]) => !taken.has(name));
  if (mark.key.length && spare.length) {
    const select = node("select", { ariaLabel: `Split ${mark.name} by` });
    select.append(node("option", { value: "", textContent: "Split by…" }), ...spare.map(([value, textContent]) => node("option", { value, textContent })));
    select.onchange = () => select.value && app.send({ kind: "into", key: mark.key, dimension: select.value, ...span });
    found.push(select);
  }
  if (typeof drawBehaviour === "function") found.push(act("Show sessions", () => app.send(drillOf(picture, mark))));
  return found;
}

/** What the sessions behind a mark have: its values by dimension, and its stretch of time. */
function drillOf(picture, mark) {
  const from = mark.split ?? 0;
  const key = Object.fromEntries(mark.key.map((value, n) => [picture.splits[from + n][0], value]));
  return { kind: "drill", key, time_ms: mark.start_ms == null ? null : [mark.start_ms, mark.end_ms] };
}

// Numbers of a mark as people read them.

/** How a number, its error, and its change since the period before are said. */
function saidOf(picture, value, off, before) {
  const { decimals, unit } = picture;
  const error = off && value ? ` ±${(off / Math.abs(value) * 100).toFixed(1)} %` : "";
  const said = withUnit(exact(value, decimals), unit) + error;
  if (before == null || !picture.compares) return { said, more: [] };
  const change = before ? `, ${(value ?? 0) >= before ? "+" : "−"}${Math.abs(((value ?? 0) - before) / before * 100).toFixed(1)} %` : "";
  return { said, more: [`before ${withUnit(exact(before, decimals), unit)}${change}`] };
}

/** A value's name: countries by name, everything else as it is. */
const nameOf = (dimension, item) => named(dimension, { key: item.key, label: item.label })[0];

/** Text cut to fit so many pixels; measured once for each font size. */
function cut(text, room, size = 12) {
  const pen = (cut.pen ??= document.createElement("canvas").getContext("2d"));
  pen.font = `${size}px system-ui, sans-serif`;
  if (pen.measureText(text).width <= room) return text;
  let low = 0, high = text.length;
  while (low < high) {
    const half = Math.ceil((low + high) / 2);
    if (pen.measureText(`${text.slice(0, half)}…`).width <= room) low = half; else high = half - 1;
  }
  return low ? `${text.slice(0, low)}…` : "";
}

function widest(texts, size = 12) {
  const pen = (cut.pen ??= document.createElement("canvas").getContext("2d"));
  pen.font = `${size}px system-ui, sans-serif`;
  return Math.max(0, ...texts.map((text) => pen.measureText(text).width));
}

function resize(canvas, width, height) {
  const svg = canvas.querySelector("svg");
  canvas.style.height = `${height}px`;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  return svg;
}
