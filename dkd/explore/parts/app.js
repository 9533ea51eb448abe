// The page's data → the DOM, which is built once and patched afterwards, so that focus survives each answer.
// What a person does goes back to Python as one gesture, {kind, …}; Python alone decides what it means.
// All files of this folder are one module: they see each other's functions, and only this one exports.

const LIVE_MS = 2000;
const AGAIN_MS = 4000;
const TRUST_MS = 3000;
const SILENT_MS = 25000;
const HEALTH_MS = 10000;
const LAST = 1000;  // behind every panel

export default function (component) {
  const root = component.parentElement.querySelector(".root");
  const app = (root.app ??= build(root));
  app.trigger = component.setTriggerValue;
  app.data = component.data;
  draw(app);
}

function build(root) {
  const $ = (selector) => root.querySelector(selector);
  const app = { root, $, cursor: null, brush: null, unanswered: [] };
  root.tabIndex = -1;
  app.send = (gesture, quiet = false) => {
    clearTimeout(app.timer);
    clearTimeout(app.silent);
    if (!quiet) { root.classList.add("busy"); root.setAttribute("aria-busy", "true"); app.spoken = false; }
    app.silent = setTimeout(() => silence(app), SILENT_MS);
    // The number makes each gesture another value; it comes back with the answer, so that every answer is another too.
    app.seq = Math.max(Date.now(), (app.seq ?? app.data.seq ?? 0) + 1);
    // Two triggers of one moment become one, so what has no answer goes with it.
    app.unanswered = [...app.unanswered.filter((one) => app.seq - one.seq < SILENT_MS), { ...gesture, seen: app.data.view?.link, seq: app.seq }];
    app.trigger("action", { gestures: app.unanswered, seq: app.seq });
  };
  $("[name=live]").onchange = (event) => app.send({ kind: "live", on: event.target.checked });
  $(".compare select").onchange = (event) => app.send({ kind: "compare", to: event.target.value || null });
  $(".zone select").onchange = (event) => app.send({ kind: "zone", zone: event.target.value });
  $(".grain select").onchange = (event) => app.send({ kind: "grain", grain: event.target.value || null });
  $(".saved select").onchange = (event) => event.target.value && app.send({ kind: "open", link: event.target.value });
  $(".add select").onchange = (event) => {
    app.send({ kind: "panel", at: LAST, dimension: event.target.value });
  };
  $(".chart .source").onclick = () => sources(app, "series");
  $(".twin").onclick = () => { app.twin = !app.twin; drawTwin(app); };
  buildKeep(app);
  buildPops(app);
  buildChart(app);
  buildTrust(app);
  buildLists(app);
  buildShelf(app);
  buildDrag(app);
  buildEditor(app);
  buildSplitter(app);
  buildKeys(app);
  for (const dialog of root.querySelectorAll("dialog")) buildDialog(dialog);
  setInterval(() => freshness(app), 1000);
  return app;
}

/** A dialog closes by its buttons, by Escape and by a click beside it. */
function buildDialog(dialog) {
  for (const button of dialog.querySelectorAll(".close, .cancel")) button.onclick = () => dialog.close();
  dialog.addEventListener("pointerdown", (event) => { if (event.target === dialog) dialog.close(); });
}

/** No answer for long: it is still being counted, or the explorer is gone, and then nothing else would say so. */
async function silence(app) {
  const { seq } = app, lives = await isThere();
  if (app.seq !== seq || (app.data.seq === seq && !app.data.pending)) return;
  const text = lives ? "Still counting: this takes longer than usual."
    : "No answer: the explorer has stopped. dkd up starts it again, then reload this page.";
  const notice = node("p", { textContent: text });
  notice.dataset.key = text;
  app.$(".notices").replaceChildren(notice);
  app.silent = setTimeout(() => silence(app), SILENT_MS);
}

/** Whether the explorer answers at all, however busy it is. */
async function isThere() {
  const address = `${location.pathname.replace(/[^/]*$/, "")}_stcore/health`;
  try { return (await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(HEALTH_MS) })).ok; } catch { return false; }
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
  if (data.pending) app.silent = setTimeout(() => silence(app), SILENT_MS);
  app.unanswered = app.unanswered.filter((one) => !(one.seq <= data.seq));
  root.classList.remove("busy");
  root.removeAttribute("aria-busy");
  put($(".site"), "textContent", data.site);
  drawTop(app);
  drawTabs(app);
  drawLists(app);
  drawShelf(app);
  sync($(".notices"), data.notices, (text) => text, (text) => node("p", { textContent: text }), () => {});
  drawTrust(app);
  drawKeep(app);
  drawState(app);
  sync($(".cards"), data.cards, (card) => card.name, (card) => makeCard(app, card), (at, card) => patchCard(app, at, card));
  if (!pending($(".chart"), data.pending && !data.chart)) drawChart(app);
  drawOthers(app);
  sync($(".panels"), data.panels, (panel) => panel.dimension, (panel) => makePanel(app, panel), (at, panel) => patchPanel(app, at, panel));
  drawAdd(app);
  schedule(app);
  // A node that moved has lost the focus; where it is gone, the page itself is the next place.
  if (focused && root.getRootNode().activeElement !== focused) nextFocus(app, focused).focus({ preventScroll: true });
  if (data.seq === app.seq) app.next = null;
  if (app.spoken === false && !data.pending) { app.spoken = true; say(app, summary(app)); }
  root.dataset.seq = data.seq;
  root.dataset.pending = data.pending;
}

/** Mark what is still being counted: what was drawn there before stays, dimmed, so that nothing jumps and focus survives. */
function pending(at, waits) {
  at.classList.toggle("pending", waits);
  waits ? at.setAttribute("aria-busy", "true") : at.removeAttribute("aria-busy");
  return waits;
}

/** Where the focus goes: to what had it, to what the gesture named for when that is gone, to the page itself. */
function nextFocus(app, focused) {
  if (focused.isConnected && focused.checkVisibility()) return focused;
  return app.next?.() ?? app.root;
}

/** What stands beside or in place of the cards and the chart: each where its file is there and the page has data for it. */
function drawOthers(app) {
  const waits = pending(app.$(".picture"), app.data.pending && !app.data.picture);
  if (typeof drawPicture === "function" && !waits) drawPicture(app);
  if (typeof drawBehaviour === "function") drawBehaviour(app);
  if (typeof drawDashboard === "function") drawDashboard(app);
}

function summary({ data }) {
  if (data.state) return `${data.state.title}. ${data.state.text}`;
  if (data.behaviour) return data.behaviour.alt;
  const numbers = data.cards.map((card) => `${card.label} ${withUnit(card.text, card.unit)}`).join(", ");
  const rows = (data.picture?.table ?? data.picture?.bars ?? data.picture?.matrix)?.rows?.length, { filters, having, splits } = data.shelf;
  const counts = [...(rows == null ? [] : [counted(rows, "row")]), counted(filters.length + having.length, "filter")];
  if (splits.length) counts.push(counted(splits.length, "split"));
  return `${numbers}. ${counts.join(", ")}.`;
}

/** Whether the line of trust will soon know more: Kafka has not answered yet, or rows are still being loaded. */
const awaits = ({ trust }) => Boolean(trust) && (trust.pending || trust.items.some((item) => item.tone === "warn"));

function schedule(app) {
  clearTimeout(app.timer);
  const { view, state } = app.data;
  if (app.data.pending) return;
  const waits = view?.live ? LIVE_MS : state?.action === "again" ? AGAIN_MS : awaits(app.data) ? TRUST_MS : 0;
  if (!waits) return;
  const tick = () => {
    if (!app.root.isConnected) return;
    if (document.hidden || (app.data.seq !== app.seq && Date.now() - app.seq < SILENT_MS)) app.timer = setTimeout(tick, waits);
    else app.send({ kind: "again" }, true);
  };
  app.timer = setTimeout(tick, waits);
}
