// The lists of dimensions and measures: search, folders, one tab stop each, a small menu for a dimension.

const ICONS = { text: "abc", number: "123", flag: "y/n", time: "◷" };
const NARROW = "(max-width: 760px)";

function buildLists(app) {
  const { root, $ } = app;
  for (const list of root.querySelectorAll(".lists .list")) {
    const box = list.querySelector("input[type=search]");
    box.oninput = () => drawLists(app);
    list.addEventListener("keydown", (event) => listKey(app, list, event));
  }
  $(".lists .fold").onclick = () => showLists(app, false);
  $(".open-lists").onclick = () => showLists(app, !app.listing);
  $(".lists").addEventListener("keydown", (event) => {
    if (event.key === "Escape" && matchMedia(NARROW).matches) showLists(app, false);
  });
  app.listing = !matchMedia(NARROW).matches;
  const menu = $(".menu");
  menu.addEventListener("keydown", (event) => menuKey(app, event));
  root.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".menu")) closeMenu(app);
    const isBeside = !event.target.closest(".lists, .menu, .open-lists, dialog");
    if (isBeside && app.listing && matchMedia(NARROW).matches) { app.listing = false; drawLists(app); }
  });
}

function showLists(app, shows) {
  app.listing = shows;
  drawLists(app);
  if (shows) app.$(".lists input").focus();
  else app.$(".open-lists").focus();
}

function drawLists(app) {
  const { $, data } = app;
  const { lists } = data;
  $(".lists").hidden = !lists || !app.listing;
  app.root.classList.toggle("listing", Boolean(lists && app.listing));
  $(".open-lists").hidden = !lists;
  $(".open-lists").ariaExpanded = String(Boolean(app.listing));
  if (!lists) return;
  drawFolders(app, $(".list.dimensions"), lists.dimensions, (at, item) => patchDimension(app, at, item));
  drawFolders(app, $(".list.measures"), lists.measures, (at, item) => patchMeasure(app, at, item));
}

function drawFolders(app, list, folders, patch) {
  const text = list.querySelector("input[type=search]").value.trim().toLowerCase();
  const fits = (item) => !text || `${item.label} ${item.name}`.toLowerCase().includes(text);
  const shown = folders.map((folder) => ({ ...folder, items: folder.items.filter(fits) })).filter((folder) => folder.items.length);
  const place = list.querySelector(".folders");
  sync(place, shown.length ? shown : [{ none: true }], (folder) => (folder.none ? "none" : `=${folder.name}`),
    (folder) => (folder.none ? node("p", { className: "hint", textContent: "Nothing has this name." }) : makeFolder(folder)),
    (at, folder) => { if (!folder.none) patchFolder(at, folder, text, patch); });
  rove(list);
}

function makeFolder(folder) {
  const items = node("div", { className: "items", role: "group", ariaLabel: folder.name || "Time" });
  if (!folder.name) return node("div", { className: "folder" }, items);
  return node("details", { className: "folder", open: !folder.closed }, node("summary", { textContent: folder.name }), items);
}

function patchFolder(at, folder, text, patch) {
  // While somebody searches all folders are open; afterwards they are as they were.
  if (text && at.dataset.was === undefined) { at.dataset.was = String(at.open); at.open = true; }
  if (!text && at.dataset.was !== undefined) { at.open = at.dataset.was === "true"; delete at.dataset.was; }
  sync(at.querySelector(".items"), folder.items, (item) => item.name, makeItem, patch);
}

const makeItem = () => node("button", { type: "button", className: "item", tabIndex: -1 },
  node("span", { className: "icon", ariaHidden: "true" }), node("span", { className: "text" }), node("span", { className: "marks" }));

function patchDimension(app, at, item) {
  const { shelf } = app.data;
  const [icon, text, marks] = at.children;
  put(icon, "textContent", ICONS[item.kind]);
  put(text, "textContent", item.label);
  put(at, "title", [item.about, item.why].filter(Boolean).join("; "));
  at.dataset.dimension = item.name;
  at.draggable = true;
  at.ariaHasPopup = "menu";
  at.classList.toggle("unfit", Boolean(item.why));
  const uses = [
    [shelf.filters.some((one) => one.dimension === item.name), "filter"],
    [shelf.splits.some((one) => one.dimension === item.name) || (item.name === "time" && shelf.grain), "split"],
    [shelf.pins.includes(item.name), "pinned"],
  ].filter(([is]) => is).map(([, word]) => word);
  put(marks, "textContent", uses.join(" · "));
  at.onclick = () => dimensionMenu(app, at, item);
}

function patchMeasure(app, at, item) {
  const [icon, text, marks] = at.children;
  put(icon, "textContent", item.on ? "✓" : "");
  put(text, "textContent", item.label);
  put(marks, "textContent", item.unit);
  put(at, "title", `${item.about}\nShift and a click, or the context menu: only this measure`);
  at.dataset.measure = item.name;
  at.ariaPressed = String(item.on);
  const send = (only) => app.send({ kind: "measures", name: item.name, only });
  at.onclick = (event) => send(event.shiftKey || event.altKey);
  at.oncontextmenu = (event) => {
    event.preventDefault();
    openMenu(app, at, item.label, [["Only this measure", () => send(true)], [item.on ? "Without this measure" : "This measure too", () => send(false)]]);
  };
}

function dimensionMenu(app, at, item) {
  const { shelf } = app.data;
  const { name: dimension } = item, why = item.why || item.whole;
  const isTime = dimension === "time";
  const isSplit = isTime ? Boolean(shelf.grain) : shelf.splits.some((one) => one.dimension === dimension);
  const isPinned = shelf.pins.includes(dimension);
  const sessions = app.data.lists.measures.find((folder) => folder.name === "Sessions")?.items[0];
  const entries = [
    isSplit ? ["Remove the split", () => app.send({ kind: "unsplit", dimension })]
      : ["Split", () => app.send({ kind: "split", dimension }), why],
    ...(!isSplit && shelf.splits.length && !isTime
      ? [["Split by this only", () => app.send({ kind: "split", dimension, only: true }), why]] : []),
    ...(item.why && sessions && !isTime
      ? [["Split, counting sessions", () => app.send({ kind: "split", dimension, only: true, measure: sessions.name })]] : []),
    ["Filter…", () => openEditor(app, { of: "filters", dimension }), isTime ? "" : item.why],
    ...(isTime ? [] : [[isPinned ? "Unpin" : "Pin", () => app.send({ kind: "pin", dimension }), isPinned ? "" : why]]),
  ];
  openMenu(app, at, item.label, entries);
}

/** A menu beside what opened it; an entry is its label, what it does, and why it cannot be chosen. */
function openMenu(app, opener, label, entries) {
  const menu = app.$(".menu");
  menu.ariaLabel = label;
  menu.replaceChildren(...entries.map(([text, act, why]) => {
    const made = node("button", { type: "button", role: "menuitem", tabIndex: -1, textContent: text });
    if (why) { made.ariaDisabled = "true"; made.append(node("small", { textContent: why })); }
    made.onclick = () => {
      if (why) return;
      closeMenu(app, true);
      if (matchMedia(NARROW).matches) { app.listing = false; drawLists(app); app.$(".open-lists").focus(); }
      act();
    };
    return made;
  }));
  menu.hidden = false;
  app.opener = opener;
  const box = opener.getBoundingClientRect(), around = app.root.getBoundingClientRect();
  const below = box.bottom + menu.offsetHeight + 8 < innerHeight;
  menu.style.left = `${Math.max(4, Math.min(box.left - around.left + 24, around.width - menu.offsetWidth - 4))}px`;
  menu.style.top = `${(below ? box.bottom + 2 : box.top - menu.offsetHeight - 2) - around.top}px`;
  menu.querySelector("button").focus();
}

function closeMenu(app, refocuses = false) {
  const menu = app.$(".menu");
  if (menu.hidden) return;
  menu.hidden = true;
  if (refocuses && app.opener?.isConnected) app.opener.focus();
}

function menuKey(app, event) {
  const entries = [...app.$(".menu").children];
  const now = entries.indexOf(app.root.getRootNode().activeElement);
  const moves = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: -1 };
  if (event.key in moves) entries.at(moves[event.key] % entries.length).focus();
  else if (event.key === "Escape" || event.key === "Tab") closeMenu(app, true);
  else return;
  event.stopPropagation();
  event.preventDefault();
}

const reachable = (list) => [...list.querySelectorAll(".item")].filter((item) => item.checkVisibility());

/** One item of a list takes part in tabbing: the one that had the focus last. */
function rove(list, at) {
  const items = [...list.querySelectorAll(".item")];
  const now = at ?? items.find((item) => item.tabIndex === 0 && item.checkVisibility()) ?? reachable(list)[0] ?? items[0];
  for (const item of items) item.tabIndex = item === now ? 0 : -1;
}

function listKey(app, list, event) {
  const items = reachable(list);
  const at = event.target.closest?.(".item");
  const now = at ? items.indexOf(at) : -1;
  if (event.target.matches?.("input[type=search]")) {
    if (event.key === "Escape" && event.target.value) { event.target.value = ""; drawLists(app); event.stopPropagation(); return; }
    if (event.key === "Enter") { items[0]?.click(); event.preventDefault(); return; }
    if (event.key !== "ArrowDown") return;
  } else if (!at) return;
  const moves = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: items.length - 1 };
  if (!(event.key in moves)) return;
  event.preventDefault();
  if (moves[event.key] < 0) { list.querySelector("input").focus(); return; }
  const next = items[Math.min(moves[event.key], items.length - 1)];
  if (!next) return;
  rove(list, next);
  next.focus();
}
