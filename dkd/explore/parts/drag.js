// Dragging: what is dragged means by where it is dropped the same as the menu's entries do.

const EDGE = 0.3;  // of a chip's width: before it and behind it, in between in its place

function buildDrag(app) {
  const { root } = app;
  root.addEventListener("dragstart", (event) => startDrag(app, event));
  root.addEventListener("dragend", () => endDrag(app));
  for (const zone of root.querySelectorAll("[data-zone], .lists")) {
    zone.addEventListener("dragover", (event) => overZone(app, zone, event));
    zone.addEventListener("dragleave", () => unmark(app));
    zone.addEventListener("drop", (event) => { event.preventDefault(); dropped(app, zone, event); });
  }
}

function startDrag(app, event) {
  const item = event.target.closest?.(".item[data-dimension]"), chip = event.target.closest?.(".chip");
  app.dragged = item ? { what: "dimension", dimension: item.dataset.dimension } : chip?.dragged;
  if (!app.dragged) { event.preventDefault(); return; }
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", app.dragged.dimension ?? app.dragged.measure);
  closeMenu(app);
  // Chromium ends a drag whose page moves under it at once.
  setTimeout(() => { app.root.classList.add("dragging"); app.$(".pinzone").hidden = false; });
}

function endDrag(app) {
  app.dragged = null;
  app.root.classList.remove("dragging");
  app.$(".pinzone").hidden = true;
  unmark(app);
}

function unmark(app) {
  for (const at of app.root.querySelectorAll("[data-drop]")) delete at.dataset.drop;
}

/** The chip under the pointer and which part of it; none where the pointer is beside all chips. */
function target(zone, event) {
  const chip = event.target.closest?.(".chip");
  if (!chip || !zone.contains(chip)) return [null, "after"];
  const box = chip.getBoundingClientRect(), part = (event.clientX - box.left) / box.width;
  return [chip, part < EDGE ? "before" : part > 1 - EDGE ? "after" : "replace"];
}

function takes(app, zone) {
  const { what, dimension, of } = app.dragged ?? {};
  const name = zone.dataset.zone;
  if (!what) return false;
  if (!name) return what !== "dimension";
  if (what === "filter") return name === of;
  if (dimension === "time" && name === "pins") return false;
  if (name === "filters" || name === "against") return true;
  return !unfit(app, dimension);
}

const unfit = (app, dimension) => app.data.lists.dimensions.flatMap((folder) => folder.items).some((item) => item.name === dimension && (item.why || item.whole));

function overZone(app, zone, event) {
  if (!takes(app, zone)) return;
  event.preventDefault();
  unmark(app);
  const [chip, part] = target(zone, event);
  (chip ?? zone).dataset.drop = chip ? part : "in";
}

function dropped(app, zone, event) {
  if (!takes(app, zone)) return;
  const dragged = app.dragged, [chip, part] = target(zone, event);
  const on = chip?.dragged?.at, at = on === undefined ? null : part === "after" ? on + 1 : on;
  endDrag(app);
  const acts = {
    filters: () => dropFilter(app, "filters", dragged, on, at, part),
    against: () => dropFilter(app, "against", dragged, on, at, part),
    splits: () => dropSplit(app, dragged, at, chip && part === "replace"),
    pins: () => app.send({ kind: "pin", dimension: dragged.dimension, at: app.data.shelf.pins.length }),
  };
  (acts[zone.dataset.zone] ?? (() => dropAway(app, dragged)))();
}

function dropFilter(app, of, dragged, on, at, part) {
  if (dragged.what === "filter") {
    const to = at === null ? app.data.shelf[of].length - 1 : dragged.at < at && part !== "replace" ? at - 1 : at;
    if (to !== dragged.at) app.send({ kind: "filter_move", of, at: dragged.at, to });
    return;
  }
  openEditor(app, { of, dimension: dragged.dimension, at: on !== undefined && part === "replace" ? on : null });
}

function dropSplit(app, dragged, at, replaces) {
  if (dragged.what === "split" && dragged.dimension === "time") return;
  const last = app.data.shelf.splits.length;
  app.send({ kind: "split", dimension: dragged.dimension, at: at === null ? null : Math.min(at, last), replace: Boolean(replaces) && at < last });
}

/** Back on the lists: no longer on the shelf. */
function dropAway(app, dragged) {
  if (dragged.what === "split") app.send({ kind: "unsplit", dimension: dragged.dimension });
  else if (dragged.of === "having") app.send({ kind: "having_set", at: dragged.at, having: null });
  else app.send({ kind: "filter_set", of: dragged.of, at: dragged.at, filter: null });
}
