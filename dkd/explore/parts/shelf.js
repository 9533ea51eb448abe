// The shelf: chips for filters, conditions, the other segment and splits; undo and redo; the menu of a split.

function buildShelf(app) {
  const { $ } = app;
  $(".add-filter").onclick = () => pickFilter(app, "filters");
  $(".add-against").onclick = () => pickFilter(app, "against");
  $(".add-split").onclick = () => pickSplit(app);
  for (const kind of ["undo", "redo"]) $(`.${kind}`).onclick = () => { if (app.data.steps?.[kind]) app.send({ kind }); };
  const box = $(".picker input");
  box.oninput = () => drawPicker(app);
  $(".picker").addEventListener("keydown", (event) => pickerKey(app, event));
}

function drawShelf(app) {
  const { $, data } = app;
  const { shelf, steps } = data;
  $(".shelf").hidden = !shelf;
  if (!shelf) return;
  const filters = shelf.filters.map((one, at) => ({ ...one, of: "filters", at }));
  const having = shelf.having.map((one, at) => ({ ...one, of: "having", at }));
  const items = [...filters, ...having];
  if (items.length > 1) items.push({ label: "Remove all", all: true });
  drawChips(app, $(".of-filters"), items);
  $("[data-zone=against]").hidden = shelf.against === null;
  const against = (shelf.against ?? []).map((one, at) => ({ ...one, of: "against", at }));
  drawChips(app, $(".of-against"), against.length ? against : [{ label: "all events", note: true }]);
  drawSplits(app);
  for (const way of ["undo", "redo"]) $(`.${way}`).ariaDisabled = String(!steps?.[way]);
}

function drawChips(app, place, items) {
  sync(place, items, (one) => `${one.of}=${one.label}`, (one) => (one.all || one.note ? makePlain(app, one) : makeChip()),
    (at, one) => { if (!one.all && !one.note) patchChip(app, at, one); });
}

const makePlain = (app, one) => (one.note ? node("span", { className: "none", textContent: one.label })
  : node("button", { type: "button", className: "plain all", textContent: one.label, ariaLabel: "Remove all filters", onclick: () => removeAll(app) }));

function removeAll(app) {
  app.next = () => app.$(".add-filter");
  app.send({ kind: "unfilter" });
}

const makeChip = () => node("span", { className: "chip", draggable: true },
  node("button", { type: "button", className: "edit" }, node("bdi"), node("small")),
  node("button", { type: "button", className: "remove", textContent: "×" }));

function patchChip(app, at, one) {
  const [edit, remove] = at.children;
  put(edit.firstChild, "textContent", one.label);
  at.classList.toggle("out", Boolean(one.exclude));
  put(edit, "title", one.label);
  edit.ariaLabel = `Edit filter: ${one.label}`;
  edit.ariaHasPopup = "dialog";
  edit.onclick = () => openEditor(app, one);
  remove.ariaLabel = `Remove filter: ${one.label}`;
  const gesture = one.of === "having" ? { kind: "having_set", at: one.at, having: null }
    : { kind: "filter_set", of: one.of, at: one.at, filter: null };
  remove.onclick = () => removeChip(app, at, gesture);
  at.dragged = { ...one, what: "filter" };
  at.onkeydown = (event) => chipKey(app, event, remove, one.of === "having" ? null
    : (to) => app.send({ kind: "filter_move", of: one.of, at: one.at, to }), one.at);
}

/** Without the chip; the focus goes to its neighbour, or to what adds another. */
function removeChip(app, chip, gesture) {
  const row = chip.closest(".row");
  const at = [...chip.parentElement.children].indexOf(chip);
  app.next = () => {
    const chips = row.querySelectorAll(".chip");
    return chips[Math.min(at, chips.length - 1)]?.querySelector(".edit") ?? row.querySelector(".plus");
  };
  app.send(gesture);
}

function chipKey(app, event, remove, move, at) {
  if (event.key === "Delete" || event.key === "Backspace") remove.click();
  else if (event.altKey && event.key === "ArrowLeft" && move && at > 0) move(at - 1);
  else if (event.altKey && event.key === "ArrowRight" && move) move(at + 1);
  else return;
  event.preventDefault();
}

function drawSplits(app) {
  const { shelf } = app.data;
  const items = shelf.splits.map((one, at) => ({ ...one, at }));
  if (shelf.grain) items.push({ dimension: "time", label: "Time", summary: `by ${shelf.grain_label}`, kind: "time", at: items.length });
  sync(app.$(".of-splits"), items, (one) => one.dimension, makeChip, (chip, one) => {
    const [edit, remove] = chip.children;
    put(edit.firstChild, "textContent", one.label);
    put(edit.lastChild, "textContent", one.summary);
    put(edit, "title", one.about ?? "");
    edit.ariaLabel = `Edit split: ${one.label}, ${one.summary}`;
    edit.ariaHasPopup = "dialog";
    edit.onclick = () => openSplitter(app, one);
    remove.ariaLabel = `Remove split: ${one.label}`;
    remove.onclick = () => removeChip(app, chip, { kind: "unsplit", dimension: one.dimension });
    chip.dragged = { what: "split", dimension: one.dimension, at: one.at };
    chip.onkeydown = (event) => chipKey(app, event, remove,
      one.kind === "time" ? null : (to) => app.send({ kind: "split_move", at: one.at, to }), one.at);
  });
}

function pickFilter(app, of) {
  const entries = app.data.lists.dimensions.flatMap((folder) => folder.items).filter((item) => !item.why)
    .map((item) => [item.label, item.about, () => openEditor(app, { of, dimension: item.name }), item.name]);
  const numbers = of === "filters" ? app.data.shelf.measures : [];
  openPicker(app, of === "filters" ? "Filter by" : "Segment filter", [...entries,
    ...numbers.map(([name, label]) => [label, "condition on the number of each row", () => openEditor(app, { of: "having", measure: name }), name])]);
}

function pickSplit(app) {
  const taken = new Set(app.data.shelf.splits.map((one) => one.dimension));
  const items = app.data.lists.dimensions.flatMap((folder) => folder.items).filter((item) => !item.why && !item.whole && !taken.has(item.name));
  openPicker(app, "Split by", items.map((item) => [item.label, item.about, () => app.send({ kind: "split", dimension: item.name }), item.name]));
}

function openPicker(app, title, entries) {
  const dialog = app.$(".picker");
  app.picking = entries;
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("input").value = "";
  drawPicker(app);
  dialog.showModal();
  dialog.querySelector("input").focus();
}

function drawPicker(app) {
  const dialog = app.$(".picker");
  const text = dialog.querySelector("input").value.trim().toLowerCase();
  const found = app.picking.filter(([label, , , name]) => `${label} ${name}`.toLowerCase().includes(text));
  put(dialog.querySelector(".hint"), "textContent", found.length ? "" : "Nothing has this name.");
  dialog.querySelector(".choices").replaceChildren(...found.map(([label, about, act]) => node("button", {
    type: "button", className: "choice", title: about, onclick: () => { dialog.close(); act(); },
  }, node("span", { textContent: label }), node("small", { textContent: about }))));
}

function pickerKey(app, event) {
  const dialog = app.$(".picker");
  const box = dialog.querySelector("input"), choices = [...dialog.querySelectorAll(".choice")];
  const focused = app.root.getRootNode().activeElement, now = choices.indexOf(focused);
  if (event.key === "ArrowDown") (choices[now + 1] ?? focused).focus();
  else if (event.key === "ArrowUp") (now > 0 ? choices[now - 1] : box).focus();
  else if (event.key === "Enter" && focused === box) choices[0]?.click();
  else return;
  event.preventDefault();
}

const LIMITS = [5, 10, 20, 50, 100, 250];

function buildSplitter(app) {
  const dialog = app.$(".splitter"), form = dialog.querySelector("form");
  form.onsubmit = (event) => { event.preventDefault(); dialog.close(); applySplit(app, form); };
  dialog.querySelector(".drop").onclick = () => { dialog.close(); app.splitting.remove(); };
}

function openSplitter(app, one) {
  const dialog = app.$(".splitter"), form = dialog.querySelector("form");
  const { shelf, menus } = app.data;
  const isTime = one.kind === "time";
  const chip = [...app.$(".of-splits").children].find((at) => at.dataset.key === one.dimension);
  app.splitting = { ...one, remove: () => removeChip(app, chip, { kind: "unsplit", dimension: one.dimension }) };
  dialog.querySelector("h2").textContent = `Split by ${one.label}`;
  const shows = (name, is) => { form[name].closest("label").hidden = !is; };
  for (const name of ["limit", "sort", "ascending"]) shows(name, !isTime);
  shows("by", !isTime && shelf.compare !== "");
  shows("bucket", one.kind === "number");
  shows("nested", !isTime && one.at > 0);
  shows("grain", isTime);
  if (isTime) options(form.grain, [["", "automatic"], ...menus.grains], shelf.grain);
  else {
    options(form.limit, [...new Set([...LIMITS, one.limit])].sort((a, b) => a - b).map((count) => [String(count), String(count)]), String(one.limit));
    options(form.sort, shelf.measures, one.sort ?? shelf.measures[0][0]);
    form.by.value = one.by;
    form.ascending.value = one.ascending ? "1" : "";
    form.bucket.value = one.bucket ?? "";
    form.nested.checked = one.nested;
  }
  dialog.showModal();
}

function applySplit(app, form) {
  const { dimension, kind } = app.splitting;
  if (kind === "time") { app.send({ kind: "grain", grain: form.grain.value || null }); return; }
  const first = app.data.shelf.measures[0][0];
  app.send({ kind: "split_set", dimension, changed: {
    limit: Number(form.limit.value), sort: form.sort.value === first ? null : form.sort.value, by: form.by.value,
    ascending: form.ascending.value === "1", bucket: Number(form.bucket.value) || null, nested: form.nested.checked,
  } });
}
