// Sessions: a page of them as a table, and one of them as its events in order.

const SESSION_HEADS = ["Session", "State", "Visitor", "Began", "Duration", "Events", "Pageviews", "First page", "Last page", "Country", "Channel", "Device"];
const INSTEAD_HEADS = ["What they did next", "How many", "Part"];
const MOMENT_HEADS = ["Time", "After", "Event", "Page", "More"];

function scrolling(label) {
  return node("div", { className: "scroll", tabIndex: 0, role: "group", ariaLabel: label }, node("table"));
}

function drawSessions(app, at, one) {
  if (!at.firstChild) {
    const button = (className, textContent) => node("button", { type: "button", className, textContent });
    at.append(node("div", { className: "line" }, node("b", { className: "behind" }), button("back", "Back to the funnel"), button("keep", ""), node("span", { className: "many" })),
      node("p", { className: "why", textContent: "No session here." }), scrolling("Sessions as a table"),
      node("div", { className: "line pager" }, button("newer", "Newer"), node("span"), button("older", "Older")),
      node("div", { className: "scroll instead", tabIndex: 0, role: "group", ariaLabel: "What they did next" }));
    // Before the sessions: it is about all of them.
    at.children[0].after(at.lastChild);
  }
  const $ = (selector) => at.querySelector(selector);
  at.children[0].hidden = !one.behind;
  put($(".behind"), "textContent", one.behind);
  put($(".back"), "textContent", one.back ?? "");
  $(".back").onclick = () => app.send({ kind: "funnel_back" });
  $(".keep").hidden = !one.segment;
  put($(".many"), "textContent", one.unkept ?? "");
  put($(".keep"), "textContent", one.segment?.label ?? "");
  $(".keep").onclick = () => app.send({ kind: "those", dimension: one.segment.dimension, values: one.segment.values });
  drawInstead($(".instead"), one.instead ?? []);
  at.children[2].hidden = one.rows.length > 0 || Boolean(app.data.state);
  at.children[3].hidden = !one.rows.length;
  drawTable(at.children[3].firstChild, SESSION_HEADS, one.rows.map((row) => ({ key: JSON.stringify(row), cells: [sessionName(app, row), row.state, row.visitor, row.began,
    row.duration, row.events, row.pageviews, row.entry, row.exit, row.country, row.channel, row.device] })), "Sessions, newest first");
  $(".pager").hidden = one.page === 1 && !one.has_more;
  put($(".pager span"), "textContent", `Page ${one.page}`);
  $(".newer").disabled = one.page === 1;
  $(".older").disabled = !one.has_more;
  $(".newer").onclick = () => app.send({ kind: "sessions_page", page: one.page - 1 });
  $(".older").onclick = () => app.send({ kind: "sessions_page", page: one.page + 1 });
}

function drawInstead(at, rows) {
  at.hidden = !rows.length;
  if (!rows.length) { at.replaceChildren(); return; }
  if (!at.firstChild) at.append(node("table"));
  drawTable(at.firstChild, INSTEAD_HEADS, rows.map((cells) => ({ key: JSON.stringify(cells), cells })), "What those that did not go on did next");
}

function sessionName(app, row) {
  return node("button", { type: "button", className: "value", textContent: row.short, title: row.id, ariaLabel: `Events of session ${row.short}`,
    onclick: () => app.send({ kind: "session", id: row.id }) });
}

function drawSession(app, at, one) {
  if (!at.firstChild) {
    at.append(node("div", { className: "line" }, node("button", { type: "button", className: "back", textContent: "Back to the list", onclick: () => app.send({ kind: "session", id: null }) }),
      node("button", { type: "button", className: "keep", textContent: "All sessions of this visitor" })),
      node("dl"), scrolling("Events of the session as a table"));
  }
  at.querySelector(".keep").hidden = !one.party;
  at.querySelector(".keep").onclick = () => app.send({ kind: "drill", key: { party_id: one.party } });
  sync(at.children[1], one.facts, ([name]) => name, ([name]) => node("div", {}, node("dt", { textContent: name }), node("dd")),
    (row, [, text]) => put(row.lastChild, "textContent", text));
  drawTable(at.querySelector("table"), MOMENT_HEADS, one.rows.map((row, n) => ({ key: `${n} ${JSON.stringify(row)}`,
    cells: [row.time, row.gap, row.event, row.page, row.values] })), one.alt);
}
