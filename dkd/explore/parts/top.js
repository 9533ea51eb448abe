// The bars above the pictures: saved views, time, zone, switches, sharing, filters and states.

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
  put($(".compare select"), "value", data.shelf.compare);
  put($("[name=live]"), "checked", view.live);
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [...new Set([...menus.zones, own].filter(Boolean))];
  options($(".zone select"), zones.map((zone) => [zone, zone.replaceAll("_", " ")]), view.zone);
}

/** The kinds of answers there are; a page with one kind has no row for them. */
function drawTabs(app) {
  const tabs = app.data.tabs ?? [];
  app.$(".tabs").hidden = tabs.length < 2;
  sync(app.$(".tabs"), tabs, (tab) => tab.name,
    (tab) => node("button", { type: "button", onclick: () => app.send({ kind: "tab", name: tab.name, steps: tab.steps }) }),
    (at, tab) => {
      put(at, "textContent", tab.label);
      if (tab.chosen) at.setAttribute("aria-current", "page"); else at.removeAttribute("aria-current");
    });
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
    bots: ["Count bots too", { kind: "bots", on: true }],
    unfilter: ["Remove all filters", { kind: "unfilter" }],
    last: ["Show the last day of data", { kind: "last", last: "1d" }],
  };
  const [label, gesture] = actions[data.state.action] ?? [];
  at.replaceChildren(node("h2", { textContent: data.state.title }), node("p", { textContent: data.state.text }));
  if (data.state.remedy) at.append(node("code", { textContent: data.state.remedy }));
  if (label) at.append(node("button", { type: "button", className: "main", textContent: label, onclick: () => app.send(gesture) }));
}
