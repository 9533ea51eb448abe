// The page's data → the DOM, which is built once and patched afterwards, so that focus survives each answer.
// What a person does goes back to Python as one gesture, {kind, …}; Python alone decides what it means.

const SVG = "http://www.w3.org/2000/svg";
const PAD = { left: 46, right: 14, top: 10, bottom: 24 };
const LIVE_MS = 2000;
const AGAIN_MS = 4000;
const FRESH_MS = 120000;
const SILENT_MS = 25000;
const LAST = 1000;  // behind every panel
const STEPS_MIN = [1, 5, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080];

const node = (tag, props = {}, ...kids) => {
  const made = Object.assign(document.createElement(tag), props);
  made.append(...kids);
  return made;
};
const shape = (tag, attributes, text) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
};
const put = (at, name, value) => { if (at[name] !== value) at[name] = value; };

/** Make the children of *parent* those of *items*: kept by key, in order, patched. */
function sync(parent, items, keyOf, make, patch) {
  const keys = items.map((item, at) => String(keyOf(item, at)));
  const wanted = new Set(keys);
  for (const child of [...parent.children]) if (!wanted.has(child.dataset.key)) child.remove();
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, at) => {
    let child = old.get(keys[at]);
    if (!child) { child = make(item, at); child.dataset.key = keys[at]; }
    patch(child, item, at);
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
}

function options(select, items, chosen) {
  const text = JSON.stringify(items);
  if (select.dataset.items !== text) {
    select.dataset.items = text;
    select.replaceChildren(...items.map(([value, label, about]) => node("option", { value, textContent: label, title: about ?? "" })));
  }
  put(select, "value", chosen);
}

const regions = new Intl.DisplayNames(["en"], { type: "region" });
function named(dimension, row) {
  if (dimension !== "country" || !/^[A-Z]{2}$/.test(row.key ?? "")) return [row.label, ""];
  const name = regions.of(row.key);
  return name === row.key ? [row.label, ""] : [name, row.key];
}
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const exact = (value, decimals) => value == null ? "–"
  : value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
const withUnit = (text, unit) => unit ? `${text} ${unit}` : text;

export default function (component) {
  const root = component.parentElement.querySelector(".root");
  const app = (root.app ??= build(root));
  app.trigger = component.setTriggerValue;
  app.data = component.data;
  draw(app);
}

function build(root) {
  const $ = (selector) => root.querySelector(selector);
  const app = { root, $, cursor: null, brush: null };
  root.tabIndex = -1;
  app.send = (gesture, quiet = false) => {
    clearTimeout(app.timer);
    clearTimeout(app.silent);
    if (!quiet) { root.classList.add("busy"); root.setAttribute("aria-busy", "true"); app.spoken = false; }
    app.silent = setTimeout(() => silence(app), SILENT_MS);
    // The number makes each gesture another value; it comes back with the answer, so that every answer is another too.
    app.trigger("action", { ...gesture, seq: Date.now() });
  };
  for (const name of ["compare", "bots", "live"]) {
    $(`[name=${name}]`).onchange = (event) => app.send({ kind: name, on: event.target.checked });
  }
  $(".zone select").onchange = (event) => app.send({ kind: "zone", zone: event.target.value });
  $(".grain select").onchange = (event) => app.send({ kind: "grain", grain: event.target.value || null });
  $(".saved select").onchange = (event) => event.target.value && app.send({ kind: "open", link: event.target.value });
  $(".add select").onchange = (event) => {
    app.send({ kind: "panel", at: LAST, dimension: event.target.value });
  };
  $(".chart .source").onclick = () => sources(app, "series");
  $(".twin").onclick = () => { app.twin = !app.twin; drawTwin(app); };
  buildPops(app);
  buildChart(app);
  $("dialog .close").onclick = () => $("dialog").close();
  $("dialog").onclick = (event) => { if (event.target === $("dialog")) $("dialog").close(); };
  setInterval(() => freshness(app), 1000);
  return app;
}

function buildPops(app) {
  const { root, $ } = app;
  const form = $(".custom form");
  form.onsubmit = (event) => {
    event.preventDefault();
    $(".custom").open = false;
    app.send({ kind: "between", start: form.start.value, end: form.end.value });
  };
  const pops = [...root.querySelectorAll(".pop")];
  const closeOthers = (but) => pops.forEach((pop) => { if (pop !== but) pop.open = false; });
  root.addEventListener("pointerdown", (event) => closeOthers(event.target.closest(".pop")));
  root.addEventListener("keydown", (event) => {
    const pop = event.target.closest?.(".pop[open]");
    if (event.key === "Escape" && pop) { pop.open = false; pop.querySelector("summary").focus(); }
  });
  $(".share .relative").onclick = () => copyLink(app, app.data.view.link);
  $(".share .fixed").onclick = () => copyLink(app, app.data.view.fixed_link);
}

async function copyLink(app, link) {
  const { $ } = app;
  const address = `${location.origin}${location.pathname}?v=${link}`;
  const box = $(".share .fallback");
  try {
    await navigator.clipboard.writeText(address);
    box.hidden = true;
    $(".share").open = false;
    $(".share summary").focus();
    say(app, "Link copied", true);
  } catch {
    // Without https on another machine there is no clipboard: show what to copy.
    box.hidden = false;
    box.querySelector("input").value = address;
    box.querySelector("input").select();
  }
}

/** No answer for long: its own process may be gone, and then nothing else would say so. */
function silence(app) {
  const text = "No answer yet. If this stays, the explorer has stopped: dkd up starts it again, then reload this page.";
  const notice = node("p", { textContent: text });
  notice.dataset.key = text;
  app.$(".notices").replaceChildren(notice);
}

function say(app, text, shown = false) {
  app.$(".said").textContent = text;
  if (!shown) return;
  const summary = app.$(".share summary");
  summary.textContent = text;
  setTimeout(() => { summary.textContent = "Share"; }, 1800);
}

function draw(app) {
  const { root, data, $ } = app;
  const focused = root.getRootNode().activeElement;
  clearTimeout(app.silent);
  root.classList.remove("busy");
  root.removeAttribute("aria-busy");
  put($(".site"), "textContent", data.site);
  drawTop(app);
  sync($(".notices"), data.notices, (text) => text, (text) => node("p", { textContent: text }), () => {});
  drawChips(app);
  drawTrust(app);
  drawState(app);
  sync($(".cards"), data.cards, (card) => card.name, (card) => makeCard(app, card), (at, card) => patchCard(app, at, card));
  drawChart(app);
  sync($(".panels"), data.panels, (panel) => panel.dimension, (panel) => makePanel(app, panel), (at, panel) => patchPanel(app, at, panel));
  drawAdd(app);
  schedule(app);
  // A node that moved has lost the focus; where it is gone, the page itself is the next place.
  if (focused && root.getRootNode().activeElement !== focused) (focused.isConnected && focused.checkVisibility() ? focused : root).focus({ preventScroll: true });
  if (app.spoken === false) { app.spoken = true; say(app, summary(app)); }
  root.dataset.seq = data.seq;
}

function summary({ data }) {
  if (data.state) return `${data.state.title}. ${data.state.text}`;
  const numbers = data.cards.map((card) => `${card.label} ${withUnit(card.text, card.unit)}`).join(", ");
  return `${numbers}. ${data.view.filters.length} filters.`;
}

function drawTop(app) {
  const { data, $ } = app;
  const { view, menus } = data;
  for (const part of [".ranges", ".switches", ".custom", ".share"]) $(part).hidden = !view;
  $(".saved").hidden = !menus.views.length;
  if (!view) return;
  const here = menus.views.find(([, link]) => link === view.link);
  options($(".saved select"), [["", "Saved views"], ...menus.views.map(([title, link]) => [link, title])], here ? here[1] : "");
  sync($(".ranges"), menus.stretches, ([last]) => last,
    ([last, label]) => node("button", { type: "button", textContent: label, onclick: () => app.send({ kind: "last", last }) }),
    (at, [last]) => { at.ariaPressed = String(view.last === last); });
  $(".custom").classList.toggle("on", !menus.stretches.some(([last]) => last === view.last));
  if (!$(".custom").open && view.start) {
    $(".custom form").start.value = view.start;
    $(".custom form").end.value = view.end;
  }
  put($(".custom .hint"), "textContent", `Times of ${view.zone}; up to, and without, the second one.`);
  for (const name of ["compare", "bots", "live"]) put($(`[name=${name}]`), "checked", view[name]);
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [...new Set([...menus.zones, own].filter(Boolean))];
  options($(".zone select"), zones.map((zone) => [zone, zone.replaceAll("_", " ")]), view.zone);
}

function drawChips(app) {
  const filters = app.data.view?.filters ?? [];
  const items = filters.map((one, at) => ({ ...one, at }));
  if (items.length > 1) items.push({ label: "Remove all", all: true });
  sync(app.$(".chips"), items, (one) => one.label,
    (one) => node("button", { type: "button", className: one.all ? "all" : "" }, node("span", { textContent: one.label })),
    (at, one) => {
      at.ariaLabel = one.all ? "Remove all filters" : `Remove filter: ${one.label}`;
      at.onclick = () => app.send(one.all ? { kind: "unfilter" } : { kind: "unfilter", at: one.at });
    });
}

function drawTrust(app) {
  const { trust } = app.data;
  app.$(".trust").hidden = !trust;
  if (!trust) return;
  const parts = [["fresh", ""], ["interval", `${trust.interval} ${trust.zone}`]];
  if (trust.compared) parts.push(["compared", trust.compared]);
  if (trust.bots) parts.push(["bots", trust.bots]);
  if (trust.exact) parts.push(["exact", trust.exact === "exact" ? "all numbers exact" : trust.exact]);
  sync(app.$(".trust"), parts, ([name]) => name, ([name]) => node("span", { className: name }),
    (at, [name, text]) => { if (name !== "fresh") put(at, "textContent", text); });
  freshness(app);
}

function freshness(app) {
  const at = app.$(".trust .fresh");
  const trust = app.data?.trust;
  if (!at || !trust) return;
  const age = Math.max(0, Date.now() - trust.newest_ms);
  const [size, unit] = age < 120e3 ? [1e3, "s"] : age < 7200e3 ? [60e3, "min"] : age < 172800e3 ? [3600e3, "h"] : [86400e3, "days"];
  put(at, "textContent", `newest event ${Math.floor(age / size)} ${unit} ago`);
  put(at, "title", `${trust.newest} ${trust.zone}`);
  at.classList.toggle("now", age < FRESH_MS);
}

function drawState(app) {
  const { data, $ } = app;
  const at = $(".state");
  at.hidden = !data.state;
  const text = JSON.stringify(data.state);
  if (at.dataset.text === text) return;
  at.dataset.text = text;
  if (!data.state) { at.replaceChildren(); return; }
  const actions = {
    again: ["Try again", { kind: "again" }],
    unfilter: ["Remove all filters", { kind: "unfilter" }],
    last: ["Show the last day of data", { kind: "last", last: "1d" }],
  };
  const [label, gesture] = actions[data.state.action] ?? [];
  at.replaceChildren(node("h2", { textContent: data.state.title }), node("p", { textContent: data.state.text }));
  if (data.state.remedy) at.append(node("code", { textContent: data.state.remedy }));
  if (label) at.append(node("button", { type: "button", className: "main", textContent: label, onclick: () => app.send(gesture) }));
}

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
  spark.children[0].setAttribute("d", under && `${under}L100 34L0 34Z`);
  spark.children[1].setAttribute("d", path(card.spark, x, y));
}

function changed(cell) {
  if (!cell.change) return [];
  const way = cell.way > 0 ? "up" : cell.way < 0 ? "down" : "";
  const arrow = cell.way > 0 ? "▲ " : cell.way < 0 ? "▼ " : "";
  return [node("span", { className: `change ${way}`, textContent: arrow + cell.change }), cell.previous ? ` from ${cell.previous}` : ""];
}

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

function schedule(app) {
  clearTimeout(app.timer);
  const { view, state } = app.data;
  const waits = view?.live ? LIVE_MS : state?.action === "again" ? AGAIN_MS : 0;
  if (!waits) return;
  const tick = () => {
    if (!app.root.isConnected) return;
    if (document.hidden) app.timer = setTimeout(tick, waits);
    else app.send({ kind: "again" }, true);
  };
  app.timer = setTimeout(tick, waits);
}

function sources(app, name, label) {
  const source = app.data.sources[name];
  if (!source) return;
  const dialog = app.$("dialog");
  dialog.querySelector("h2").textContent = label ? `${label}: definition and SQL` : source.title;
  const own = source.definitions.filter(([measure]) => measure === label);
  dialog.querySelector("dl").replaceChildren(...(own.length ? own : source.definitions).flatMap(
    ([measure, text]) => [node("dt", { textContent: measure }), node("dd", { textContent: text })]));
  dialog.querySelector(".queries").replaceChildren(...source.queries.map((query) => {
    const copy = node("button", { type: "button", className: "plain", textContent: "Copy", ariaLabel: `Copy the SQL: ${query.role}` });
    copy.onclick = async () => {
      try { await navigator.clipboard.writeText(query.sql); copy.textContent = "Copied"; } catch { getSelection().selectAllChildren(code); }
    };
    const code = node("pre", { textContent: query.sql, tabIndex: 0, role: "group", ariaLabel: `SQL: ${query.role}` });
    return node("div", { className: "query" },
      node("div", { className: "head" }, node("h3", { textContent: query.role }), node("span", { textContent: query.datasource }), node("span", { className: "gap" }), copy), code);
  }));
  dialog.showModal();
}

// ---- the time chart

function buildChart(app) {
  const plot = app.$(".plot");
  new ResizeObserver(() => app.data && drawChart(app)).observe(plot);
  const at = (event) => {
    const box = plot.getBoundingClientRect();
    const { count, x } = app.scale;
    let best = 0;
    for (let n = 1; n < count; n++) if (Math.abs(x(n) - (event.clientX - box.left)) < Math.abs(x(best) - (event.clientX - box.left))) best = n;
    return best;
  };
  plot.onpointerdown = (event) => {
    if (!app.scale || event.button) return;
    plot.setPointerCapture(event.pointerId);
    app.brush = [at(event), at(event)];
  };
  plot.onpointermove = (event) => {
    if (!app.scale) return;
    app.cursor = at(event);
    if (app.brush && event.buttons) app.brush[1] = app.cursor;
    drawMarks(app);
  };
  plot.onpointerup = () => {
    if (app.brush && app.brush[0] !== app.brush[1]) zoom(app);
    app.brush = null;
    drawMarks(app);
  };
  plot.onpointercancel = plot.onpointerup;
  plot.onpointerleave = () => { if (!app.brush) { app.cursor = null; drawMarks(app); } };
  plot.onblur = () => { app.cursor = app.brush = null; drawMarks(app); };
  plot.onkeydown = (event) => chartKey(app, event);
}

function chartKey(app, event) {
  if (!app.scale) return;
  const last = app.scale.count - 1;
  const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -last, End: last };
  if (event.key in moves) {
    const from = app.cursor ?? (moves[event.key] > 0 ? -1 : last + 1);
    const to = Math.max(0, Math.min(last, from + moves[event.key]));
    app.brush = event.shiftKey ? [app.brush?.[0] ?? Math.max(0, Math.min(last, from)), to] : null;
    app.cursor = to;
    say(app, pointText(app, to));
  } else if (event.key === "Enter" && app.cursor != null) {
    app.brush ??= [app.cursor, app.cursor];
    zoom(app);
    app.brush = null;
  } else if (event.key === "Escape") app.cursor = app.brush = null;
  else return;
  event.preventDefault();
  drawMarks(app);
}

function zoom(app) {
  const [low, high] = [...app.brush].sort((a, b) => a - b);
  const { starts_ms: starts, end_ms: end } = app.data.chart;
  if (high === low && starts.length === 1) return;
  app.cursor = null;
  app.send({ kind: "span", start_ms: starts[low], end_ms: starts[high + 1] ?? end });
}

function pointText(app, n) {
  const { chart } = app.data;
  const past = chart.previous ? `, before ${withUnit(exact(chart.previous[n], chart.decimals), chart.unit)}` : "";
  return `${chart.labels[n]}: ${withUnit(exact(chart.now[n], chart.decimals), chart.unit)}${past}`;
}

function drawChart(app) {
  const { data, $ } = app;
  const { chart } = data;
  $(".chart").hidden = !chart;
  if (!chart) { app.scale = null; return; }
  const unit = chart.unit ? `, ${chart.unit}` : "";
  put($(".chart h2"), "textContent", `${chart.label} by ${chart.grain}${unit}`);
  const legend = chart.previous ? [["now", "this period"], ["before", "period before"]] : [];
  sync($(".legend"), legend, ([name]) => name, ([name, text]) => node("span", { className: name }, node("i"), text), () => {});
  options($(".grain select"), [["", "Automatic step"], ...data.menus.grains], data.view.grain ?? "");
  const peak = chart.now.reduce((best, value, n) => ((value ?? 0) > (chart.now[best] ?? 0) ? n : best), 0);
  $(".plot").setAttribute("aria-label", `${chart.label} by ${chart.grain}, ${chart.now.length} steps. Highest: ${pointText(app, peak)}`);
  drawLines(app);
  drawTwin(app);
}

function drawLines(app) {
  const { chart } = app.data;
  const plot = app.$(".plot");
  const width = plot.clientWidth, height = plot.clientHeight;
  if (!width) return;
  const count = chart.now.length;
  const ticks = nice(Math.max(0, ...chart.now, ...(chart.previous ?? [])), chart.decimals);
  const top = ticks[ticks.length - 1];
  const x = (n) => PAD.left + (count > 1 ? n / (count - 1) : .5) * (width - PAD.left - PAD.right);
  const y = (value) => height - PAD.bottom - value / top * (height - PAD.top - PAD.bottom);
  app.scale = { count, x, y, width, height };
  const svg = plot.querySelector("svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const parts = ticks.flatMap((value) => [
    shape("line", { class: "grid", x1: PAD.left, x2: width - PAD.right, y1: y(value), y2: y(value) }),
    shape("text", { x: PAD.left - 8, y: y(value) + 4, "text-anchor": "end" }, compact.format(value)),
  ]);
  for (const [n, text, isDay] of timeTicks(chart, width)) {
    parts.push(shape("text", { class: isDay ? "day" : "", x: x(n), y: height - 6, "text-anchor": x(n) > width - 40 ? "end" : x(n) < 60 ? "start" : "middle" }, text));
  }
  const solid = chart.unfinished && count > 1 ? chart.now.slice(0, -1) : chart.now;
  if (chart.previous) parts.push(shape("path", { class: "past", d: path(chart.previous, x, y) }));
  parts.push(shape("path", { class: "area", d: area(chart.now, x, y) }), shape("path", { class: "line", d: path(solid, x, y) }));
  if (solid !== chart.now) {
    const tail = chart.now.map((value, n) => (n < count - 2 ? null : value));
    parts.push(shape("path", { class: "line open", d: path(tail, x, y) }));
  }
  if (count === 1) parts.push(shape("circle", { class: "dot", cx: x(0), cy: y(chart.now[0] ?? 0), r: 4 }));
  parts.push(shape("g", { class: "marks" }));
  svg.replaceChildren(...parts);
  drawMarks(app);
}

function nice(most, decimals) {
  if (!most) return [0, 1];
  const rough = decimals ? most / 4 : Math.max(1, most / 4), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 3, 4, 5, 6, 8, 10].map((one) => one * power).find((one) => one >= rough);
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, n) => n * step);
}

function path(values, x, y) {
  let pen = false;
  return values.map((value, n) => {
    if (value == null) { pen = false; return ""; }
    // A point between two gaps has no line to be on: its own is as short as the pen is wide.
    const end = pen || (values[n + 1] ?? null) !== null ? "" : "h0.1";
    const part = `${pen ? "L" : "M"}${x(n).toFixed(1)} ${y(value).toFixed(1)}${end}`;
    pen = true;
    return part;
  }).join("");
}

function area(values, x, y) {
  const line = path(values.map((value) => value ?? 0), x, y);
  return line && `${line}L${x(values.length - 1).toFixed(1)} ${y(0)}L${x(0).toFixed(1)} ${y(0)}Z`;
}

/** Where to write times: at round ones of the zone's clock, as many as have room. */
function timeTicks(chart, width) {
  const room = Math.max(2, Math.floor(width / 90));
  const day = (local) => new Date(`${local}Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  const isDate = /day|week|month|quarter|year/.test(chart.grain);
  if (isDate) {
    const step = Math.ceil(chart.local.length / room);
    return chart.local.map((local, n) => [n, day(local), false]).filter(([n]) => n % step === 0);
  }
  const minutes = (local) => new Date(`${local}Z`).getTime() / 60000;
  const length = minutes(chart.local.at(-1)) - minutes(chart.local[0]);
  const step = STEPS_MIN.find((one) => length / one <= room) ?? 40320;
  return chart.local.map((local, n) => [n, local, minutes(local)]).filter(([, , at]) => at % step === 0)
    .map(([n, local, at]) => [n, at % 1440 ? local.slice(11) : day(local), at % 1440 === 0]);
}

function drawMarks(app) {
  const marks = app.$(".plot .marks"), tip = app.$(".tip");
  if (!marks || !app.scale || !app.data.chart) { tip.hidden = true; return; }
  const { x, y, height, width, count } = app.scale;
  const { chart } = app.data;
  marks.replaceChildren();
  if (app.brush && app.brush[0] !== app.brush[1]) {
    const [low, high] = [...app.brush].sort((a, b) => a - b);
    marks.append(shape("rect", { class: "brush", x: x(low), width: x(high) - x(low), y: PAD.top, height: height - PAD.top - PAD.bottom }));
  }
  const n = app.cursor;
  tip.hidden = n == null || n >= count;
  if (tip.hidden) return;
  marks.append(shape("line", { class: "mark", x1: x(n), x2: x(n), y1: PAD.top, y2: height - PAD.bottom }));
  if (chart.now[n] != null) marks.append(shape("circle", { class: "dot", cx: x(n), cy: y(chart.now[n]), r: 4.5 }));
  const past = chart.previous ? [node("span", { textContent: `before ${withUnit(exact(chart.previous[n], chart.decimals), chart.unit)}` })] : [];
  const open = chart.unfinished && n === count - 1 ? [node("span", { textContent: "not over yet" })] : [];
  tip.replaceChildren(node("span", { textContent: chart.labels[n] }), node("b", { textContent: withUnit(exact(chart.now[n], chart.decimals), chart.unit) }), ...past, ...open);
  const left = x(n) + 14 + tip.offsetWidth > width ? x(n) - 14 - tip.offsetWidth : x(n) + 14;
  tip.style.left = `${Math.max(0, left)}px`;
}

function drawTwin(app) {
  const { $ } = app;
  const { chart } = app.data;
  const rows = $(".rows");
  $(".twin").ariaPressed = String(Boolean(app.twin));
  rows.hidden = !app.twin || !chart;
  if (rows.hidden) return;
  const heads = ["Time", withUnit(chart.label, chart.unit), ...(chart.previous ? ["Period before"] : [])];
  rows.querySelector("thead").replaceChildren(node("tr", {}, ...heads.map((text) => node("th", { scope: "col", textContent: text }))));
  rows.querySelector("tbody").replaceChildren(...chart.now.map((value, n) => node("tr", {},
    node("td", { textContent: chart.labels[n] }), node("td", { textContent: exact(value, chart.decimals) }),
    ...(chart.previous ? [node("td", { textContent: exact(chart.previous[n], chart.decimals) })] : []))));
}
