// Funnels, retention, paths and sessions: what they share, and which of them is drawn in place of cards and pictures.

const BEHAVIOURS = {
  funnel: { title: "Funnel", controls: (app, one) => funnelControls(app, one), draw: (app, at, one) => drawFunnel(app, at, one) },
  retention: { title: "Retention", controls: (app, one) => retentionControls(app, one), draw: (app, at, one) => drawRetention(app, at, one) },
  paths: { title: "Paths", controls: (app, one) => pathsControls(app, one), draw: (app, at, one) => drawPaths(app, at, one) },
  sessions: { title: "Sessions", controls: () => [], draw: (app, at, one) => drawSessions(app, at, one) },
  session: { title: "Session", controls: () => [], draw: (app, at, one) => drawSession(app, at, one) },
};

function drawBehaviour(app) {
  const at = app.$(".behaviour"), one = app.data.behaviour;
  at.hidden = !one;
  app.root.classList.toggle("behaves", Boolean(one));
  if (!one) return;
  const own = BEHAVIOURS[one.kind];
  if (at.dataset.kind !== one.kind) buildBehaviour(app, at, one.kind);
  put(at.querySelector("h2"), "textContent", one.title ?? own.title);
  at.setAttribute("aria-label", one.alt ?? own.title);
  at.querySelector(".source").hidden = !app.data.sources.behaviour;
  put(at.querySelector(".definition"), "textContent", one.definition);
  drawControls(at.querySelector(".controls"), own.controls(app, one));
  own.draw(app, at.querySelector(".drawn"), one);
  sync(at.querySelector(".notes"), one.notes ?? [], (text) => text, (text) => node("li", { textContent: text }), () => {});
}

function buildBehaviour(app, at, kind) {
  at.dataset.kind = kind;
  const source = node("button", { type: "button", className: "plain source", textContent: "SQL", onclick: () => sources(app, "behaviour") });
  at.replaceChildren(
    node("div", { className: "head" }, node("h2"), node("span", { className: "gap" }), source),
    node("div", { className: "controls" }), node("div", { className: `drawn ${kind}` }),
    node("ul", { className: "notes" }), node("p", { className: "definition" }));
}

/** Menus of one setting each: {key, label, items, value, send}; one without items is a field to type into. */
function drawControls(at, controls) {
  sync(at, controls, (one) => one.key,
    (one) => node("label", { className: `field set-${one.key}` }, node("span", { textContent: one.label }),
      node(one.items ? "select" : "input", one.items ? {} : { type: "text", placeholder: one.hint ?? "" })),
    (label, one) => {
      const box = label.lastChild;
      if (one.items) options(box, one.items, one.value);
      else if (box.dataset.value !== one.value) { box.dataset.value = one.value; box.value = one.value; }
      box.onchange = () => one.send(box.value);
    });
}

/** A setting of the behaviour *of*, as a menu. */
function setting(app, of, name, label, items, value, read = (text) => text || null) {
  return { key: name, label, items, value: String(value ?? ""), send: (text) => app.send({ kind: "behave_set", of, name, value: read(text) }) };
}

/** A table of *heads* and *rows*, each row {key, cells}; a cell is a text or an element. */
function drawTable(table, heads, rows, label) {
  if (!table.tHead) table.append(node("caption", { className: "sr" }), node("thead", {}, node("tr")), node("tbody"));
  put(table.caption, "textContent", label);
  sync(table.tHead.rows[0], heads, (text, n) => `${n} ${text}`, (text) => node("th", { scope: "col", textContent: text }), () => {});
  sync(table.tBodies[0], rows, (row) => row.key, (row) => node("tr", {}, ...row.cells.map(
    (cell, n) => node(n ? "td" : "th", n ? {} : { scope: "row" }, cell instanceof Node ? cell : node("bdi", { textContent: cell })))), () => {});
}
