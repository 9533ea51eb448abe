// A dashboard: tiles of views side by side, each a small page of its own that opens as a view.

function drawDashboard(app) {
  const { dashboard } = app.data;
  const at = app.$(".dashboard");
  at.hidden = !dashboard;
  app.root.classList.toggle("on-dashboard", Boolean(dashboard));
  if (!dashboard) return;
  at.ariaLabel = `Dashboard ${dashboard.title}`;
  sync(at, dashboard.tiles, (tile, n) => `${n} ${tile.title}`, () => makeTile(app), (made, tile) => patchTile(made, tile));
}

function makeTile(app) {
  const title = node("h2"), open = node("button", { type: "button", className: "plain open", textContent: "Open" });
  const svg = shape("svg", { "aria-hidden": "true" });
  const made = node("section", { className: "tile" }, node("div", { className: "head" }, title, node("span", { className: "gap" }), open),
    node("p", { className: "note" }), node("div", { className: "figures" }), node("div", { className: "chart", hidden: true }, node("div", { className: "head" }, node("span", { className: "gap" }))), node("div", { className: "plot small" }, svg), node("section", { className: "picture" }));
  // A picture takes what it draws from an app: the tile is one, of its own data.
  made.app = { ...app, pic: undefined, root: made, data: null, $: (selector) => made.querySelector(selector) ?? app.$(selector), send: (gesture) => app.send({ kind: "open", link: made.link, then: gesture }) };
  open.onclick = () => app.send({ kind: "open", link: made.link });
  return made;
}

function patchTile(made, tile) {
  made.link = tile.link;
  made.dataset.width = tile.width;
  made.ariaLabel = tile.title;
  put(made.querySelector("h2"), "textContent", tile.title);
  const open = made.querySelector(".open");
  open.hidden = !tile.link;
  put(open, "ariaLabel", `Open ${tile.title}`);
  const notes = [...tile.dropped, ...(tile.state ? [`${tile.state.title}. ${tile.state.text}`] : [])];
  put(made.querySelector(".note"), "textContent", notes.join(" "));
  sync(made.querySelector(".figures"), tile.state ? [] : tile.cards, (card) => card.name, (card) => makeFigure(card), (at, card) => patchFigure(at, card, tile.compares));
  drawTilePlot(made, tile);
  made.app.data = tile;
  if (typeof drawPicture === "function" && tile.view) drawPicture(made.app);
}

function makeFigure(card) {
  const made = node("div", { className: "figure" }, node("span", { className: "name" }), node("span", { className: "num" }), node("span", { className: "note" }));
  made.dataset.measure = card.name;
  return made;
}

function patchFigure(at, card, compares) {
  const [name, number, note] = at.children;
  put(name, "textContent", card.label);
  at.dataset.value = card.value ?? "";
  put(number, "textContent", [withUnit(card.text, card.unit), card.error].filter(Boolean).join(" "));
  note.replaceChildren(...(card.problem ? [card.problem] : compares ? changed(card) : []));
}

/** The course of the tile's measure over time, where there is no picture of splits. */
function drawTilePlot(made, { chart, picture, marks }) {
  const plot = made.querySelector(".plot"), svg = plot.querySelector("svg");
  plot.hidden = !chart || Boolean(picture && !picture.is_elsewhere);
  if (plot.hidden) return;
  const width = 300, height = 90, count = chart.now.length;
  const top = Math.max(1e-9, ...chart.now, ...(chart.previous ?? []));
  const x = (n) => (count > 1 ? n / (count - 1) : .5) * width, y = (value) => height - 4 - value / top * (height - 12);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  const parts = deploys(marks, chart, x, 0, height);
  if (chart.previous) parts.push(shape("path", { class: "past", d: path(chart.previous, x, y), "vector-effect": "non-scaling-stroke" }));
  parts.push(shape("path", { class: "line", d: path(chart.now, x, y), "vector-effect": "non-scaling-stroke" }));
  svg.replaceChildren(...parts);
  const peak = chart.now.reduce((best, value, n) => ((value ?? 0) > (chart.now[best] ?? 0) ? n : best), 0);
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", `${chart.label} by ${chart.grain}. Highest: ${chart.labels[peak]}, ${withUnit(exact(chart.now[peak], chart.decimals), chart.unit)}`);
}
