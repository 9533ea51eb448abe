// The line of trust: how new and how whole the numbers are, who is counted, and behind it all that is known.

const WHO = [["people", "People"], ["bots", "Bots"], ["all", "People and bots"]];

function buildTrust(app) {
  const who = node("span", { className: "who", role: "group", ariaLabel: "Whose events are counted" }, ...WHO.map(([value, label]) =>
    node("button", { type: "button", textContent: label, value, onclick: () => app.send({ kind: "who", who: value }) })));
  const more = node("button", { type: "button", className: "plain more", textContent: "Details" });
  more.onclick = () => showTrust(app);
  app.$(".trust").append(node("span", { className: "fresh" }), who, node("span", { className: "bots" }), node("span", { className: "items" }),
    node("span", { className: "asked" }), more);
}

function drawTrust(app) {
  const { trust } = app.data;
  const at = app.$(".trust");
  at.hidden = !trust;
  if (!trust) return;
  for (const button of at.querySelectorAll(".who button")) button.ariaPressed = String(button.value === trust.who);
  put(at.querySelector(".bots"), "textContent", trust.bots);
  sync(at.querySelector(".items"), trust.items, (item) => item.name, () => node("span"), (made, item) => {
    put(made, "className", `${item.name} ${item.tone}`);
    put(made, "textContent", item.text);
    put(made, "title", item.about);
  });
  freshness(app);
}

function ago(age) {
  const [size, unit] = age < 120e3 ? [1e3, "s"] : age < 7200e3 ? [60e3, "min"] : age < 172800e3 ? [3600e3, "h"] : [86400e3, "days"];
  return `${Math.floor(age / size)} ${unit} ago`;
}

function freshness(app) {
  const at = app.$(".trust .fresh");
  const trust = app.data?.trust;
  if (!at || !trust) return;
  const age = Math.max(0, Date.now() - trust.newest_ms), isOld = age >= trust.stale_ms;
  put(at, "textContent", `${isOld ? "⚠ " : ""}newest event ${ago(age)}`);
  put(at, "title", `${trust.newest} ${trust.zone}${isOld ? ": old for a live site; dkd status says what runs" : ""}`);
  at.classList.toggle("now", age < trust.fresh_ms);
  at.classList.toggle("old", isOld);
  const asked = app.$(".trust .asked"), since = Date.now() - (trust.asked_ms ?? Date.now());
  put(asked, "textContent", trust.asked_ms == null ? "" : since < 5000 ? "asked just now" : `asked ${ago(since)}`);
}

function showTrust(app) {
  const { trust } = app.data;
  const dialog = app.$("dialog.sources");
  dialog.querySelector("h2").textContent = "How far these numbers can be trusted";
  const rows = [["Newest event", `${trust.newest} ${trust.zone}`], ["Who is counted", trust.bots || "not known"],
    ...trust.items.map((item) => [item.name, item.about ? `${item.text}. ${item.about}` : item.text]), ...trust.details];
  dialog.querySelector("dl").replaceChildren(...rows.flatMap(([name, text]) => [node("dt", { textContent: TRUST_NAMES[name] ?? name }), node("dd", { textContent: text })]));
  dialog.querySelector(".queries").replaceChildren();
  dialog.showModal();
}

const TRUST_NAMES = { interval: "Interval", compared: "Comparison", late: "Late", clamped: "Mended times", open: "Open sessions", exact: "Exactness", all: "Coverage" };
