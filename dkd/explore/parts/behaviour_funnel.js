// A funnel: its steps, which are changed where they stand, a bar for each, and a table where it is split.

function funnelControls(app, one) {
  const dimensions = [["", "No split"], ...one.dimensions];
  return [
    setting(app, "funnel", "unit", "Count", [["visitor", "Visitors"], ["session", "Sessions"]], one.unit),
    setting(app, "funnel", "any_order", "Order", [["", "In this order"], ["any", "Any order"]], one.any_order ? "any" : "", Boolean),
    setting(app, "funnel", "window", "Within", one.windows, one.window),
    setting(app, "funnel", "split", "Split by", dimensions, one.split),
  ];
}

function drawFunnel(app, at, one) {
  if (!at.firstChild) {
    at.append(node("ol", { className: "steps" }),
      node("button", { type: "button", className: "more", textContent: "+ Add a step" }),
      node("p", { className: "how" }), node("p", { className: "took" }),
      node("div", { className: "scroll", tabIndex: 0, role: "group" }, node("table")));
  }
  const [steps, more, how, took, scroll] = at.children;
  sync(steps, one.steps, (_, n) => n, (_, n) => makeStep(app, n), (li, step, n) => patchStep(app, li, one, step, n));
  more.hidden = !one.can_grow;
  more.onclick = () => app.send({ kind: "step", at: one.steps.length, event: one.steps.at(-1).event });
  put(how, "textContent", one.how ?? "");
  put(took, "textContent", one.took ?? "");
  scroll.hidden = !one.parts?.length;
  scroll.ariaLabel = "The funnel by value";
  if (scroll.hidden) return;
  const label = one.dimensions.find(([name]) => name === one.split)?.[1] ?? one.split;
  const heads = [label, ...one.steps.map((step, n) => `${n + 1}. ${step.label}`)];
  drawTable(scroll.firstChild, heads, one.parts.map((row) => ({
    key: JSON.stringify([row.label, row.cells]),
    cells: [partName(app, one, row), ...row.cells.map(([text, part], n) => (n ? `${text} · ${part}` : text))],
  })), `Funnel by ${label}`);
}

function partName(app, one, row) {
  if (row.others) return row.label;
  return node("button", { type: "button", className: "value", textContent: row.label, title: "Filter by this value",
    onclick: () => app.send({ kind: "filter", dimension: one.split, value: row.value }) });
}

function makeStep(app, n) {
  const button = (className, textContent, label) => node("button", { type: "button", className: `plain ${className}`, textContent, ariaLabel: `${label} step ${n + 1}`, title: `${label} step ${n + 1}` });
  return node("li", {},
    node("div", { className: "line" }, node("b", { textContent: n + 1 }), node("select", { ariaLabel: `Event of step ${n + 1}` }),
      node("span", { className: "chips" }), stepFilter(app, n), node("span", { className: "gap" }),
      button("up", "↑", "Move up"), button("down", "↓", "Move down"), button("drop", "×", "Remove")),
    node("div", { className: "line" }, node("button", { type: "button", className: "bar" }, node("i"), node("i"), node("span")),
      node("button", { type: "button", className: "plain explore", textContent: "Explore", ariaLabel: `Explore step ${n + 1}`, title: "Filter everything by this step" })),
    node("div", { className: "line between" }, node("button", { type: "button", className: "plain lost" }), node("span", { className: "before" })));
}

function stepFilter(app, n) {
  const form = node("form", { className: "sheet" },
    node("label", { textContent: "Dimension" }, node("select", { name: "dimension" })),
    node("label", { textContent: "Condition" }, node("select", { name: "how" },
      ...[["is", "is"], ["not", "is not"], ["contains", "contains"]].map(([value, textContent]) => node("option", { value, textContent })))),
    node("label", { textContent: "Value" }, node("input", { name: "text", type: "text", required: true })),
    node("button", { type: "submit", className: "main", textContent: "Add" }));
  const pop = node("details", { className: "pop" }, node("summary", { textContent: "Filter", ariaLabel: `Filter step ${n + 1}` }), form);
  form.onsubmit = (event) => {
    event.preventDefault();
    const how = form.how.value, text = form.text.value;
    pop.open = false;
    form.text.value = "";
    app.send({ kind: "step_filter", at: n, dimension: form.dimension.value, exclude: how === "not", ...(how === "contains" ? { contains: text } : { values: [text] }) });
  };
  return pop;
}

function patchStep(app, li, one, step, n) {
  const $ = (selector) => li.querySelector(selector);
  const events = [["", "Any event"], ...one.menus.events];
  options($("select"), events, step.event);
  $("select").onchange = (event) => app.send({ kind: "step", at: n, event: event.target.value || null });
  options($("select[name=dimension]"), one.dimensions, $("select[name=dimension]").value || "page_path");
  sync($(".chips"), step.filters, (text) => text, (text) => node("button", { type: "button", ariaLabel: `Remove filter: ${text}` }, node("span", { textContent: text })),
    (chip, _, seq) => { chip.onclick = () => app.send({ kind: "step_unfilter", at: n, filter: seq }); });
  $(".up").disabled = n === 0;
  $(".down").disabled = n === one.steps.length - 1;
  $(".up").onclick = () => app.send({ kind: "step_move", at: n, to: n - 1 });
  $(".down").onclick = () => app.send({ kind: "step_move", at: n, to: n + 1 });
  $(".drop").hidden = !one.can_shrink;
  $(".drop").onclick = () => app.send({ kind: "step_drop", at: n });
  $(".explore").onclick = () => app.send({ kind: "segment_step", at: n });
  patchBar(app, li, one, step, n);
}

function patchBar(app, li, one, step, n) {
  const bar = li.querySelector(".bar"), lost = li.querySelector(".lost");
  const units = one.unit === "visitor" ? "visitors" : "sessions";
  const known = step.text !== undefined;
  bar.parentElement.hidden = !known;
  lost.parentElement.hidden = !known || n === 0;
  if (!known) return;
  bar.children[0].style.width = `${step.width * 100}%`;
  bar.children[1].style.width = `${step.more * 100}%`;
  const share = n ? `${step.of_first} of the first step, ${step.of_before} of the one before` : units;
  put(bar.children[2], "textContent", n ? `${step.text} · ${share}` : `${step.text} ${units}`);
  bar.title = "Show the sessions behind this bar";
  bar.ariaLabel = `Step ${n + 1}, ${step.label}: ${step.text} ${n ? `${units}, ${share}` : units}. Show their sessions.`;
  bar.disabled = !step.possible;
  bar.dataset.value = step.value;
  bar.onclick = () => app.send({ kind: "drill", step: n + 1 });
  put(lost, "textContent", step.lost);
  lost.title = "Show the sessions of those that did not go on";
  lost.disabled = !step.lost_value;
  lost.onclick = () => app.send({ kind: "drill", step: n + 1, lost: true });
  put(li.querySelector(".before"), "textContent", step.previous ?? "");
}
