// Letters that act while nobody types, and the list of them.

const LETTERS = "dkd.letters";

/** Key, what it does, and doing it. */
const KEYS = [
  ["f", "Add a filter", (app) => app.$(".add-filter").click()],
  ["s", "Add a split", (app) => app.$(".add-split").click()],
  ["/", "Search the dimensions", (app) => { openLists(app); app.$(".dimensions input").focus(); }],
  ["m", "Search the measures", (app) => { openLists(app); app.$(".measures input").focus(); }],
  ["v", "Choose what to compare with", (app) => app.$(".compare select").focus()],
  ["t", "Choose times", (app) => { app.$(".custom").open = true; app.$(".custom input").focus(); }],
  ["b", "Count bots, or not", (app) => app.send({ kind: "bots", on: !app.data.view.bots })],
  ["l", "Live, or not", (app) => app.$("[name=live]").click()],
  ["x", "Remove all filters", (app) => { if (app.data.shelf.filters.length + app.data.shelf.having.length) removeAll(app); }],
  ["h", "Show or hide the lists", (app) => showLists(app, !app.listing)],
  ["u", "Undo", (app) => app.$(".undo").click()],
  ["U", "Redo", (app) => app.$(".redo").click()],
  ["?", "This list", (app) => openHelp(app)],
];
const MORE = [
  ["Ctrl Z", "Undo"], ["Ctrl Shift Z", "Redo"], ["↑ ↓", "Through a list, a menu or values"],
  ["Shift click", "A measure alone, in the list of measures"],
  ["Delete", "Remove the chip in focus"], ["Alt ← →", "Move the chip in focus"], ["Esc", "Close what is open"],
];

function buildKeys(app) {
  const listen = (event) => { if (app.root.isConnected) pageKey(app, event); else document.removeEventListener("keydown", listen); };
  document.addEventListener("keydown", listen);
  app.$(".keys").onclick = () => openHelp(app);
  const letters = app.$("dialog.help [name=letters]");
  letters.onchange = () => { try { localStorage.setItem(LETTERS, letters.checked ? "on" : "off"); } catch { /* this page only */ } app.letters = letters.checked; };
  try { app.letters = localStorage.getItem(LETTERS) !== "off"; } catch { app.letters = true; }
}

function pageKey(app, event) {
  const at = event.composedPath()[0];
  const isTyping = at.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
  if (isTyping || !app.data?.shelf || app.root.querySelector("dialog[open]") || !app.$(".menu").hidden) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "z") {
    app.$(event.shiftKey ? ".redo" : ".undo").click();
  } else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else {
    const found = KEYS.find(([key]) => key === event.key);
    if (!found || (!app.letters && event.key !== "?")) return;
    found[2](app);
  }
  event.preventDefault();
}

function openLists(app) {
  if (!app.listing) { app.listing = true; drawLists(app); }
}

function openHelp(app) {
  const entries = [...KEYS.map(([key, text]) => [key, text]), ...MORE];
  app.$("dialog.help dl").replaceChildren(...entries.flatMap(([key, text]) => [node("dt", {}, node("kbd", { textContent: key })), node("dd", { textContent: text })]));
  app.$("dialog.help [name=letters]").checked = app.letters;
  app.$("dialog.help").showModal();
}
