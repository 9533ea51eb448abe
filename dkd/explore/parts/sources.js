// What stands behind a picture: definitions and SQL.

function sources(app, name, label) {
  const source = app.data.sources[name];
  if (!source) return;
  const dialog = app.$("dialog.sources");
  dialog.querySelector("h2").textContent = label ? `${label}: definition and SQL` : source.title;
  const own = source.definitions.filter(([measure]) => measure === label);
  const chosen = own.length ? own : source.definitions;
  dialog.querySelector("dl").replaceChildren(...chosen.flatMap(([measure, text]) => {
    const origins = source.origins?.[source.names[source.definitions.findIndex(([other]) => other === measure)]] ?? [];
    return [node("dt", { textContent: measure }), node("dd", { textContent: text }), ...origins.map(([column, way], n) =>
      node("dd", { className: n ? "origin" : "origin line" }, node("code", { textContent: n ? column : way }), n ? ` ${way}` : ""))];
  }));
  dialog.querySelector(".queries").replaceChildren(...source.queries.map((query) => {
    const copies = [["Copy", query.sql, "SQL"], ["dkd sql", query.command, "command"], ["curl", query.curl, "curl command"]]
      .filter(([, text]) => text).map(([label, text, what]) => copier(label, text, `Copy the ${what}: ${query.role}`, () => code));
    const code = node("pre", { textContent: query.sql, tabIndex: 0, role: "group", ariaLabel: `SQL: ${query.role}` });
    return node("div", { className: "query" },
      node("div", { className: "head" }, node("h3", { textContent: query.role }), node("span", { textContent: query.datasource }), node("span", { className: "gap" }), ...copies), code);
  }));
  dialog.showModal();
}

function copier(label, text, ariaLabel, code) {
  const made = node("button", { type: "button", className: "plain", textContent: label, ariaLabel });
  made.onclick = async () => {
    try { await navigator.clipboard.writeText(text); made.textContent = "Copied"; } catch { getSelection().selectAllChildren(code()); }
  };
  return made;
}
