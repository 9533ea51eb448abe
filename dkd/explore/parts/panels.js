// A table of the first values of each pinned dimension.

function makePanel(app, panel) {
  const select = node("select", { ariaLabel: "Dimension of this table" });
  const source = node("button", { type: "button", className: "plain source", textContent: "SQL", ariaLabel: `Definition and SQL of the table by ${panel.label}` });
  const close = node("button", { type: "button", className: "plain remove", textContent: "×", ariaLabel: `Remove the table by ${panel.label}` });
  source.onclick = () => sources(app, panel.dimension);
  const table = node("table", {}, node("caption", { className: "sr" }), node("thead"), node("tbody"));
  const made = node("section", { className: "panel" },
    node("div", { className: "head" }, select, node("span", { className: "gap" }), source, close),
    node("p", { className: "why" }), table);
  made.dataset.dimension = panel.dimension;
  return made;
}

function patchPanel(app, at, panel) {
  const place = app.data.panels.indexOf(panel);
  const select = at.querySelector("select");
  const others = new Set(app.data.panels.map((one) => one.dimension).filter((name) => name !== panel.dimension));
  options(select, withOwn(app, panel).filter(([name]) => !others.has(name)), panel.dimension);
  select.onchange = () => app.send({ kind: "panel", at: place, dimension: select.value });
  at.querySelector(".remove").onclick = () => app.send({ kind: "panel", at: place, dimension: null });
  at.querySelector(".source").hidden = !app.data.sources[panel.dimension];
  at.setAttribute("aria-label", `${panel.measure} by ${panel.label}`);
  put(select, "title", panel.about);
  put(at.querySelector("caption"), "textContent", `${panel.measure} by ${panel.label}${panel.about ? `: ${panel.about}` : ""}`);
  if (pending(at, Boolean(panel.pending))) return;
  const why = panel.problem || (panel.rows.length ? "" : "No values here.");
  put(at.querySelector(".why"), "textContent", why);
  at.querySelector(".why").hidden = !why;
  at.querySelector("table").hidden = !panel.rows.length;
  const { compares } = app.data;
  const shares = panel.rows.some((row) => row.part);
  const heads = ["", withUnit(panel.measure, panel.unit), ...(shares ? ["Share"] : []), ...(compares ? ["Change"] : [])];
  if (!at.querySelector("thead tr")) at.querySelector("thead").append(node("tr"));
  sync(at.querySelector("thead tr"), heads, (_, n) => n, () => node("th", { scope: "col" }),
    (cell, text, n) => { put(cell, "textContent", n ? text : "Value"); put(cell, "title", text); cell.className = n ? "" : "wide"; });
  sync(at.querySelector("tbody"), panel.rows, (row) => (row.others ? "others" : `=${JSON.stringify(row.key)}`),
    () => node("tr"), (tr, row) => patchRow(app, tr, panel, row, shares, compares));
}

function withOwn(app, panel) {
  const items = app.data.menus.dimensions;
  return items.some(([name]) => name === panel.dimension) ? items : [[panel.dimension, panel.label], ...items];
}

function patchRow(app, tr, panel, row, shares, compares) {
  if (!tr.firstChild) tr.append(makeValue(app, panel, row));
  const [label, more] = named(panel.dimension, row);
  tr.firstChild.style.setProperty("--w", `${(row.bar * 100).toFixed(1)}%`);
  tr.dataset.value = row.value ?? "";
  const value = tr.querySelector(".value");
  if (value) {
    value.ariaPressed = String(row.kept);
    const text = label + more;
    if (value.dataset.text !== text) {
      value.dataset.text = text;
      // Values are anybody's: a name in Hebrew or Arabic must not turn the line around.
      value.replaceChildren(node("bdi", { textContent: label }), ...(more ? [node("small", { textContent: more })] : []));
      value.title = label;
    }
  }
  const cells = [[withError(row), "number"], ...(shares ? [[row.part, "part"]] : []), ...(compares ? [[row, "change"]] : [])];
  while (tr.cells.length > cells.length + 1) tr.deleteCell(-1);
  while (tr.cells.length < cells.length + 1) tr.insertCell();
  cells.forEach(([content, kind], n) => {
    const cell = tr.cells[n + 1];
    if (kind !== "change") { cell.className = kind; put(cell, "textContent", content); return; }
    cell.className = `change ${row.way > 0 ? "up" : row.way < 0 ? "down" : ""}`;
    put(cell, "textContent", row.change);
    put(cell, "title", row.previous ? `from ${row.previous}` : "");
  });
}

const withError = (row) => (row.error ? `${row.text} ${row.error}` : row.text);

function makeValue(app, panel, row) {
  const cell = node("div", { className: "cell" });
  if (row.others) cell.append(node("span", { className: "none", textContent: row.label }));
  else {
    const filter = (exclude) => app.send({ kind: "filter", dimension: panel.dimension, value: row.key, exclude });
    const [label] = named(panel.dimension, row);
    cell.append(
      node("button", { type: "button", className: "value", onclick: () => filter(false) }),
      node("button", { type: "button", className: "exclude", textContent: "⊘", title: `Leave out ${label}`, ariaLabel: `Leave out ${label}`, onclick: () => filter(true) }));
  }
  return node("th", { scope: "row" }, cell);
}

function drawAdd(app) {
  const { data, $ } = app;
  $(".add").hidden = !data.panels.length && Boolean(data.state);
  const taken = new Set(data.panels.map((panel) => panel.dimension));
  options($(".add select"), [["", "+ Add a table"], ...data.menus.dimensions.filter(([name]) => !taken.has(name))], "");
}
