// A card for each measure: its number, its change and its course.

function makeCard(app, card) {
  const pick = node("button", { type: "button", className: "pick", onclick: () => app.send({ kind: "measure", name: card.name }) },
    node("span", { className: "name" }), node("span", { className: "num" }), node("span", { className: "note" }));
  const spark = shape("svg", { class: "spark", preserveAspectRatio: "none", viewBox: "0 0 100 34", "aria-hidden": "true" });
  spark.append(shape("path", { class: "area" }), shape("path", { class: "line", "vector-effect": "non-scaling-stroke" }));
  pick.append(spark);
  const info = node("button", { type: "button", className: "plain info", textContent: "SQL", ariaLabel: `Definition and SQL of ${card.label}` });
  info.onclick = () => sources(app, "series", card.label);
  const made = node("div", { className: "card" }, pick, info);
  made.dataset.measure = card.name;
  return made;
}

function patchCard(app, at, card) {
  const [name, number, note, spark] = at.querySelector(".pick").children;
  at.dataset.chosen = card.chosen;
  at.dataset.value = card.value ?? "";
  at.querySelector(".pick").ariaPressed = String(card.chosen);
  at.querySelector(".pick").title = card.problem ?? card.about;
  put(name, "textContent", card.label);
  number.replaceChildren(card.text, ...(card.unit ? [node("small", { textContent: card.unit })] : []),
    ...(card.error ? [node("small", { textContent: card.error })] : []));
  note.replaceChildren(...(card.problem ? [card.problem] : app.data.compares ? changed(card) : []));
  const most = Math.max(...card.spark.map((value) => value ?? 0), 0) || 1, last = card.spark.length - 1;
  const x = (n) => (last > 0 ? n / last * 100 : 50), y = (value) => 31 - value / most * 27;
  const under = path(card.spark.map((value) => value ?? 0), x, y);
  spark.children[0].setAttribute("d", under && last > 0 ? `${under}L100 34L0 34Z` : "");
  spark.children[1].setAttribute("d", path(card.spark, x, y));
}

function changed(cell) {
  if (!cell.change) return [];
  const way = cell.way > 0 ? "up" : cell.way < 0 ? "down" : "";
  const arrow = cell.way > 0 ? "▲ " : cell.way < 0 ? "▼ " : "";
  return [node("span", { className: `change ${way}`, textContent: arrow + cell.change }), cell.previous ? ` from ${cell.previous}` : ""];
}
