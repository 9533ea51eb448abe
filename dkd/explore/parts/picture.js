// The main picture: its head with the menu of pictures, what is drawn, and what can be done with a mark that is chosen.
// A file for each kind draws marks: shapes that know which values they stand for; moving among them, their tips and
// their actions are the same everywhere.

const DRAWN = {
  number: (app, at) => drawNumbers(app, at), bar: (app, at) => drawBars(app, at), line: (app, at) => drawSeries(app, at),
  stacked: (app, at) => drawStack(app, at), table: (app, at) => drawNested(app, at), pivot: (app, at) => drawPivot(app, at),
  heat: (app, at) => drawHeat(app, at), map: (app, at) => drawMap(app, at), sankey: (app, at) => drawFlow(app, at),
};
const PICTURE_ICONS = {
  number: "M3 4h2v9M9 4h4l-4 9h4", line: "M2 12l4-5 3 3 5-7", bar: "M2 4h10M2 8h6M2 12h3", stacked: "M3 14V8m0-2V3M8 14V6m0-2V2M13 14v-4m0-2V5",
  table: "M2 3h12v10H2zM2 7h12M6 3v10", pivot: "M2 3h12v10H2zM2 6.5h12M2 10h12M6 3v10M10 3v10", heat: "M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2z",
  map: "M8 14s5-4.5 5-8A5 5 0 0 0 3 6c0 3.5 5 8 5 8zM8 7.5h.01", sankey: "M2 3c6 0 6 4 12 4M2 8c6 0 6 4 12 4M2 13h12",
};
const TABLES = new Set(["table", "pivot", "number"]);

function drawPicture(app) {
  const { picture } = app.data;
  const host = app.$(".picture");
  app.pic ??= buildPicture(app, host);
  drawTimelineMenu(app, picture);
  host.hidden = !picture || picture.is_elsewhere;
  if (host.hidden) { app.pic.marks = []; return; }
  const { pic } = app;
  if (pic.kind !== picture.kind || pic.title !== picture.title) Object.assign(pic, { kind: picture.kind, title: picture.title, cursor: null, picked: null, range: null, page: 0, closed: new Set() });
  const again = JSON.stringify(picture);
  if (pic.text !== again) Object.assign(pic, { text: again, picked: null, range: null });
  drawHead(app);
  drawBody(app);
}

/** The menu of pictures also stands beside the time chart, which is the picture where nothing is split. */
function drawTimelineMenu(app, picture) {
  const head = app.$(".chart .head");
  let menu = head.querySelector(".kinds");
  if (!menu) { menu = makeKinds(app); head.querySelector(".gap").after(menu); }
  menu.hidden = !picture?.is_elsewhere;
  if (picture?.is_elsewhere) patchKinds(app, menu, picture);
}

function buildPicture(app, host) {
  const pic = { marks: [], cursor: null, picked: null, range: null, page: 0, closed: new Set() };
  const canvas = node("div", { className: "canvas", tabIndex: 0 });
  canvas.setAttribute("role", "group");
  canvas.append(shape("svg", { "aria-hidden": "true" }), node("div", { className: "tip", hidden: true, ariaHidden: "true" }));
  host.append(
    node("div", { className: "head" }, node("h2"), node("span", { className: "gap" }), makeKinds(app),
      node("button", { type: "button", className: "plain twin", textContent: "Table", onclick: () => { pic.twin = !pic.twin; drawBody(app); } }),
      node("button", { type: "button", className: "plain source", textContent: "SQL", onclick: () => sources(app, "picture") })),
    node("div", { className: "remarks" }), node("p", { className: "why" }), node("div", { className: "legend keys", role: "group", ariaLabel: "Values" }),
    canvas, node("p", { className: "help" }), node("div", { className: "grid", tabIndex: 0, role: "group" }),
    node("div", { className: "acts", role: "toolbar", ariaLabel: "What to do with what is chosen", hidden: true }));
  buildCanvas(app, pic, canvas);
  new ResizeObserver(() => { if (pic.width !== canvas.clientWidth && app.data?.picture && !host.hidden) drawBody(app); }).observe(canvas);
  app.root.addEventListener("pointerdown", (event) => {
    for (const pop of app.root.querySelectorAll(".kinds[open]")) if (!pop.contains(event.target)) pop.open = false;
  });
  return pic;
}

function drawHead(app) {
  const { picture } = app.data;
  const host = app.$(".picture");
  host.dataset.kind = picture.kind;
  put(host.querySelector("h2"), "textContent", picture.title + (picture.unit && !TABLES.has(picture.kind) ? `, ${picture.unit}` : ""));
  put(host.querySelector("h2"), "title", picture.about);
  patchKinds(app, host.querySelector(".kinds"), picture);
  host.querySelector(".source").hidden = !app.data.sources.picture;
  sync(host.querySelector(".remarks"), picture.remarks, (text) => text, (text) => node("p", { textContent: text }), () => {});
  put(host.querySelector(".why"), "textContent", picture.problem);
  host.querySelector(".why").hidden = !picture.problem;
  const twin = host.querySelector(".twin");
  twin.hidden = TABLES.has(picture.kind) || Boolean(picture.problem);
  twin.ariaPressed = String(Boolean(app.pic.twin));
}

/** What is drawn: marks in the canvas, or a table; the twin is the same picture as a table. */
function drawBody(app) {
  const { picture } = app.data;
  const { pic } = app;
  const host = app.$(".picture"), canvas = host.querySelector(".canvas"), grid = host.querySelector(".grid");
  host.querySelector(".twin").ariaPressed = String(Boolean(pic.twin));
  const isTable = TABLES.has(picture.kind);
  canvas.hidden = isTable || Boolean(picture.problem);
  grid.hidden = !isTable && !pic.twin || Boolean(picture.problem);
  pic.width = canvas.clientWidth;
  pic.marks = [];
  pic.brush = null;
  host.querySelector(".legend").replaceChildren();
  put(host.querySelector(".help"), "textContent", "");
  if (picture.problem) { drawActs(app); return; }
  DRAWN[picture.kind](app, isTable ? grid : canvas);
  if (!isTable) {
    if (pic.twin) drawPictureTwin(app, grid);
    pic.index = new Map(pic.marks.map((mark, at) => [`${mark.r},${mark.c}`, at]));
    if (pic.cursor >= pic.marks.length) pic.cursor = null;
    canvas.setAttribute("aria-roledescription", `${NAMES_OF[picture.kind]}`);
    canvas.setAttribute("aria-label", takeaway(app));
    showCursor(app);
  }
  drawActs(app);
}

const NAMES_OF = { bar: "bar chart", line: "line chart", stacked: "stacked bars", heat: "heat map", map: "map", sankey: "flow chart" };

/** One sentence that says what a sighted person sees first. */
function takeaway(app) {
  const { picture } = app.data;
  const values = app.pic.marks.filter((mark) => !mark.others && mark.value != null && !mark.isLink);
  const top = values.reduce((best, mark) => (best && best.value >= mark.value ? best : mark), null);
  const most = top ? ` Highest: ${top.name}, ${top.said}.` : " No values.";
  return `${picture.title}, ${values.length} marks.${most} Arrow keys move, Enter chooses.`;
}

// The menu of pictures.

function makeKinds(app) {
  const sheet = node("div", { className: "sheet" });
  return node("details", { className: "pop kinds" }, node("summary"), sheet);
}

function patchKinds(app, at, picture) {
  const now = picture.choices.find((one) => one.kind === picture.kind);
  const text = JSON.stringify([picture.choices, picture.kind, picture.is_chosen]);
  if (at.dataset.text === text) return;
  at.dataset.text = text;
  const focused = at.getRootNode().activeElement;
  const held = at.contains(focused);
  at.querySelector("summary").replaceChildren(icon(now.kind), node("span", { textContent: now.label }));
  at.querySelector("summary").ariaLabel = `Picture: ${now.label}${picture.is_chosen ? "" : ", chosen by rule"}`;
  const send = (gesture) => { at.open = false; at.querySelector("summary").focus(); app.send(gesture); };
  const automatic = node("button", { type: "button", className: "kind auto", ariaPressed: String(!picture.is_chosen), onclick: () => send({ kind: "picture", picture: null }) },
    node("b", { textContent: "Automatic" }), node("span", { textContent: "the picture that fits the splits" }));
  at.querySelector(".sheet").replaceChildren(automatic, ...picture.choices.map((one) => kindRow(picture, one, send)));
  if (held) at.querySelector("summary").focus();
}

function kindRow(picture, one, send) {
  const isNow = one.kind === picture.kind;
  const fits = one.fit === "ready" || one.fit === "automatic" || isNow;
  const row = node("div", { className: `kind ${one.fit}` });
  row.dataset.kind = one.kind;
  row.dataset.fit = isNow ? "now" : one.fit;
  if (fits) {
    row.append(node("button", { type: "button", className: "pick", ariaPressed: String(isNow), onclick: () => send(one.gesture) },
      icon(one.kind), node("b", { textContent: one.label }), node("span", { textContent: one.fit === "automatic" ? "fits best" : isNow ? "" : one.why })));
    return row;
  }
  row.append(node("div", { className: "not" }, icon(one.kind), node("b", { textContent: one.label }), node("span", { textContent: one.why })));
  if (one.repair) row.append(node("button", { type: "button", className: "repair", textContent: one.repair, ariaLabel: `${one.label}: ${one.repair}`, onclick: () => send(one.gesture) }));
  return row;
}

function icon(kind) {
  const made = shape("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" });
  made.append(shape("path", { d: PICTURE_ICONS[kind] }));
  return made;
}

// Big numbers.

function drawNumbers(app, at) {
  const { numbers } = app.data.picture;
  const made = at.querySelector(".bigs") ?? node("div", { className: "bigs" });
  if (!made.isConnected) at.replaceChildren(made);
  sync(made, numbers, (one) => one.name, () => node("div", { className: "big" }), (card, one) => {
    card.dataset.value = one.value ?? "";
    card.replaceChildren(node("span", { className: "name", textContent: one.label }),
      node("b", { textContent: one.text }), node("small", { textContent: [one.unit, one.error].filter(Boolean).join(" ") }), node("span", { className: "note" }, ...changed(one)));
  });
}
