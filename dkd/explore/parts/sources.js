// What stands behind a picture: definitions and SQL.

function sources(app, name, label) {
  const source = app.data.sources[name];
  if (!source) return;
  const dialog = app.$("dialog.sources");
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
