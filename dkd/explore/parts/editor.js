// The editor of one filter, or of one condition on a measure: values with their numbers, text, or ranges.

const HOWS = {
  values: ["is", "is not"], contains: ["contains", "does not contain"],
  matches: ["matches the expression", "does not match the expression"], ranges: ["is in the range", "is not in the range"],
};
const FORMS = { text: ["values", "contains", "matches"], number: ["values", "ranges"], flag: ["values"], time: ["ranges"], having: ["ranges"] };
const TYPING_MS = 220;
const MOST_PICKED = 200;

function buildEditor(app) {
  const dialog = app.$(".editor"), form = dialog.querySelector("form");
  form.how.onchange = () => { app.editing.how = form.how.value; drawEditor(app); };
  form.search.oninput = () => { clearTimeout(app.typing); drawFound(app); app.typing = setTimeout(() => lookUp(app), TYPING_MS); };
  form.text.oninput = () => { app.editing.text = form.text.value; };
  form.onsubmit = (event) => { event.preventDefault(); applyFilter(app); };
  form.onkeydown = (event) => editorKey(app, event);
  dialog.querySelector(".more").onclick = () => { app.editing.ranges.push([null, null]); drawRanges(app); dialog.querySelector(".range:last-child input").focus(); };
  dialog.querySelector(".drop").onclick = () => { dialog.close(); removeEdited(app); };
  dialog.onclose = () => { app.looking?.abort(); clearTimeout(app.typing); };
}

/** Open it on a filter of the shelf (``at``), or on a new one of a dimension or measure. */
function openEditor(app, one) {
  const { lists, shelf } = app.data;
  const item = lists.dimensions.flatMap((folder) => folder.items).find((found) => found.name === one.dimension);
  const measure = lists.measures.flatMap((folder) => folder.items).find((found) => found.name === one.measure);
  const old = one.form || one.of === "having" ? one : (shelf[one.of] ?? [])[one.at ?? -1];
  const kind = one.of === "having" ? "having" : item?.kind ?? "text";
  const same = old && (one.of === "having" || old.dimension === one.dimension) ? old : null;
  const form = same?.form ?? FORMS[kind][0];
  app.editing = {
    of: one.of, at: one.at ?? null, dimension: one.dimension, measure: one.measure, kind, isOld: one.at != null,
    how: `${same?.exclude ? "!" : ""}${form}`, text: same?.text ?? "",
    picked: new Map((same?.values ?? []).map(([value, label]) => [JSON.stringify(value), { value, label }])),
    ranges: one.of === "having" ? [[same?.at_least ?? null, same?.below ?? null]] : same?.ranges?.length ? same.ranges.map((part) => [...part]) : [[null, null]],
    found: null,
  };
  const dialog = app.$(".editor"), { search } = dialog.querySelector("form");
  dialog.querySelector("h2").textContent = (item ?? measure)?.label ?? one.dimension;
  dialog.querySelector(".drop").hidden = !app.editing.isOld;
  search.value = "";
  dialog.showModal();
  drawEditor(app);
  dialog.querySelector(".pane:not([hidden]) input")?.focus();
}

function drawEditor(app) {
  const { editing } = app, dialog = app.$(".editor"), form = dialog.querySelector("form");
  const forms = FORMS[editing.kind];
  options(form.how, forms.flatMap((name) => [[name, HOWS[name][0]], [`!${name}`, HOWS[name][1]]]), editing.how);
  dialog.querySelector(".how").hidden = editing.kind === "having";
  const name = editing.how.replace("!", "");
  const panes = { values: ".of-values", contains: ".of-text", matches: ".of-text", ranges: ".of-ranges" };
  for (const pane of dialog.querySelectorAll(".pane")) pane.hidden = !pane.matches(panes[name]);
  put(dialog.querySelector(".wrong"), "textContent", "");
  if (name === "values") { drawFound(app); if (!editing.found) lookUp(app); }
  else if (name === "ranges") drawRanges(app);
  else {
    put(form.text, "value", editing.text);
    put(dialog.querySelector(".of-text .hint"), "textContent", name === "contains" ? "In capitals or not." : "A regular expression of Java, found anywhere in the value.");
  }
}

/** The values of the text typed last; an older search that is still on its way ends. */
async function lookUp(app) {
  const { editing } = app, dialog = app.$(".editor");
  app.looking?.abort();
  app.looking = new AbortController();
  const { signal } = app.looking, text = isCountry(editing) ? "" : dialog.querySelector("[name=search]").value.trim();
  dialog.classList.add("looking");
  const asked = new URLSearchParams({ v: app.data.view.link, of: editing.of, dimension: editing.dimension, text });
  let found;
  try {
    const answer = await fetch(`${location.pathname.replace(/[^/]*$/, "")}values?${asked}`, { signal });
    found = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") return;
    found = { problem: "The explorer does not answer." };
  }
  if (signal.aborted || app.editing !== editing) return;
  dialog.classList.remove("looking");
  editing.found = { values: [], ...found, text };
  drawFound(app);
}

function drawFound(app) {
  const { editing } = app, dialog = app.$(".editor");
  const text = dialog.querySelector("[name=search]").value.trim();
  const { found } = editing;
  const picked = [...editing.picked.values()].slice(0, MOST_PICKED);
  const values = found?.values ?? [];
  const known = new Map(values.map((one) => [JSON.stringify(one.value), one]));
  const fits = (one) => !isCountry(editing) || !text || countryText(one.value).includes(text.toLowerCase());
  const rows = [...picked.map((one) => ({ ...known.get(JSON.stringify(one.value)), ...one })),
    ...values.filter((one) => !editing.picked.has(JSON.stringify(one.value)) && fits(one))];
  const shown = new Set(rows.map((one) => one.value));
  rows.push(...typedValues(editing, text).filter((one) => !shown.has(one.value)));
  sync(dialog.querySelector(".found"), rows, (one) => `=${JSON.stringify(one.value)}`, () => makeFound(), (at, one) => patchFound(app, at, one));
  const more = editing.picked.size - picked.length;
  const words = [found?.problem, !found ? "Looking…" : "", found && !found.problem && !rows.length ? "No value has this in it." : "",
    found?.counted ? `Beside each: how many ${found.counted}.` : "", found?.more ? "These are the first; type to find others." : "", more > 0 ? `${more} more are chosen.` : ""];
  put(dialog.querySelector(".of-values .hint"), "textContent", words.filter(Boolean).join(" "));
}

/** What was typed, as values that nobody has to have had yet: itself, or the countries of that name. */
function typedValues(editing, text) {
  if (!text || editing.kind === "flag" || (editing.kind === "number" && !Number.isFinite(Number(text)))) return [];
  const value = editing.kind === "number" ? Number(text) : text;
  if (!isCountry(editing)) return [{ value, label: text, text: "as typed", bar: 0 }];
  return countries().filter((code) => countryText(code).includes(text.toLowerCase()))
    .map((code) => ({ value: code, label: code, text: "none here", bar: 0 }));
}

const isCountry = (editing) => editing.dimension === "country";
const countryText = (code) => (code ? `${named("country", { key: code, label: code })[0]} ${code}`.toLowerCase() : "(none)");
const LETTERS_AZ = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];

/** Every code that is a country's; the browser names them, but lists none. */
const countries = () => LETTERS_AZ.flatMap((one) => LETTERS_AZ.map((two) => one + two)).filter((code) => regions.of(code) !== code && !/^(X[^K]|Q[MNOU]|Z[ZX]|E[UZ]$|UN)/.test(code));

const makeFound = () => node("label", { className: "option" }, node("input", { type: "checkbox" }), node("bdi"), node("small"));

function patchFound(app, at, one) {
  const [box, label, count] = at.children;
  const key = JSON.stringify(one.value);
  put(box, "checked", app.editing.picked.has(key));
  const [name, more] = named(app.editing.dimension, { key: one.value, label: one.label });
  put(label, "textContent", name);
  put(label, "title", more ? `${name} (${more})` : name);
  put(count, "textContent", one.text ?? "");
  at.style.setProperty("--w", `${((one.bar ?? 0) * 100).toFixed(1)}%`);
  box.onchange = () => {
    if (box.checked) app.editing.picked.set(key, { value: one.value, label: one.label });
    else app.editing.picked.delete(key);
    put(app.$(".editor .wrong"), "textContent", "");
  };
}

function drawRanges(app) {
  const { editing } = app, dialog = app.$(".editor");
  const isTime = editing.kind === "time", type = isTime ? "datetime-local" : "number";
  sync(dialog.querySelector(".ranges-rows"), editing.ranges, (_, at) => at, () => node("div", { className: "range" },
    node("label", {}, node("span"), node("input", { type, step: "any" })), node("label", {}, node("span"), node("input", { type, step: "any" })),
    node("button", { type: "button", className: "plain less", textContent: "×" })), (row, range, at) => {
    [["From", 0], ["To below", 1]].forEach(([word, end]) => {
      const [name, box] = row.children[end].children;
      put(name, "textContent", isTime && end ? "To" : word);
      if (box.type !== type) box.type = type;
      put(box, "value", range[end] == null ? "" : String(range[end]));
      box.oninput = () => { range[end] = box.value === "" ? null : isTime ? box.value : Number(box.value); };
    });
    const less = row.lastChild;
    less.ariaLabel = `Remove range ${at + 1}`;
    less.hidden = editing.ranges.length < 2;
    less.onclick = () => { editing.ranges.splice(at, 1); drawRanges(app); dialog.querySelector(".range input").focus(); };
  });
  dialog.querySelector(".more").hidden = editing.kind === "having";
  const zone = app.data.view.zone;
  put(dialog.querySelector(".of-ranges .hint"), "textContent", isTime ? `Times of ${zone}; without the second one.`
    : "An end that is left empty is open; the second one is not part of it.");
}

function editorKey(app, event) {
  const boxes = [...app.$(".editor").querySelectorAll(".found input")];
  const focused = app.root.getRootNode().activeElement, now = boxes.indexOf(focused);
  const isSearch = focused?.name === "search";
  if (event.key === "ArrowDown" && (isSearch || now >= 0)) (boxes[now + 1] ?? focused).focus();
  else if (event.key === "ArrowUp" && now >= 0) (boxes[now - 1] ?? app.$(".editor [name=search]")).focus();
  else if (event.key === "Enter" && now >= 0) applyFilter(app);
  else if (event.key === "Enter" && isSearch && !app.editing.picked.size && boxes.length) boxes[0].click();
  else return;
  event.preventDefault();
}

function filterOf(editing) {
  const form = editing.how.replace("!", ""), exclude = editing.how.startsWith("!");
  const ranges = editing.ranges.filter((part) => part.some((end) => end !== null))
    .map(([low, high]) => ({ ...(low === null ? {} : { at_least: low }), ...(high === null ? {} : { below: high }) }));
  const given = {
    values: { values: [...editing.picked.values()].map((one) => one.value) },
    contains: { contains: editing.text }, matches: { matches: editing.text }, ranges: { ranges },
  }[form];
  const is = Object.values(given)[0].length > 0;
  return is ? { dimension: editing.dimension, exclude, ...given } : null;
}

function applyFilter(app) {
  const { editing } = app, dialog = app.$(".editor");
  const { of, at, measure } = editing;
  const filter = filterOf(editing);
  const wrong = wrongRange(editing) || wrongPattern(editing);
  if (wrong) { put(dialog.querySelector(".wrong"), "textContent", wrong); return; }
  if (!filter && at === null) { put(dialog.querySelector(".wrong"), "textContent", "Choose or type something first."); return; }
  dialog.close();
  if (!filter) { removeEdited(app); return; }
  app.next = () => app.$(`.of-${of === "having" ? "filters" : of}`).querySelectorAll(".edit")[at ?? -1] ?? app.$(`.add-${of === "against" ? of : "filter"}`);
  if (of === "having") app.send({ kind: "having_set", at, having: { measure, range: filter.ranges[0] } });
  else app.send({ kind: "filter_set", of, at, filter });
}

function wrongRange(editing) {
  const isWrong = ([low, high]) => low !== null && high !== null && !(low < high);
  return editing.how.endsWith("ranges") && editing.ranges.some(isWrong) ? "A range ends after it begins." : "";
}

function wrongPattern(editing) {
  if (!editing.how.endsWith("matches")) return "";
  try { new RegExp(editing.text); return ""; } catch { return "This is no regular expression: a bracket, or a repeat of nothing, stands alone."; }
}

function removeEdited(app) {
  const { of, at } = app.editing;
  app.next = () => app.$(of === "against" ? ".add-against" : ".add-filter");
  app.send(of === "having" ? { kind: "having_set", at, having: null } : { kind: "filter_set", of, at, filter: null });
}
