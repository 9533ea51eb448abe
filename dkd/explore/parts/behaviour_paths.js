// Paths: a column for each step, whose rows add up to the column before; a value is a button that begins the paths there.

function pathsControls(app, one) {
  const what = one.by_label.toLowerCase(), send = (name, value) => app.send({ kind: "behave_set", of: "paths", name, value });
  return [
    setting(app, "paths", "by", "Steps are", one.dimensions, one.by),
    setting(app, "paths", "backwards", "Show", [["", "what came next"], ["before", "what came before"]], one.backwards ? "before" : "", Boolean),
    { key: "anchor", label: "From", value: one.anchor, hint: one.backwards ? `the last ${what}` : `the first ${what}`, send: (text) => send("anchor", text.trim() || null) },
    setting(app, "paths", "depth", "Steps", one.depths.map((n) => [String(n), String(n)]), one.depth, Number),
    setting(app, "paths", "top", "Values", one.tops.map((n) => [String(n), String(n)]), one.top, Number),
  ];
}

function drawPaths(app, at, one) {
  if (!at.firstChild) at.append(node("ol", { className: "columns" }));
  sync(at.firstChild, one.columns ?? [], (_, n) => n,
    () => node("li", {}, node("h3"), node("ul")), (li, column, n) => patchColumn(app, li, one, column, n));
}

function patchColumn(app, li, one, column, n) {
  put(li.children[0], "textContent", `${column.title} · ${column.total_text}`);
  const rows = [...column.places, ...(column.ended?.count ? [{ ...column.ended, name: "(ended)", ended: true }] : [])];
  sync(li.children[1], rows, (row) => row.name, (row) => makePlace(row), (item, row) => patchPlace(app, item, one, row, n));
}

function makePlace(row) {
  const plain = row.others || row.ended;
  const name = plain ? node("span", { className: "place none" }) : node("button", { type: "button", className: "place" });
  name.append(node("bdi"));
  const open = node("button", { type: "button", className: "plain open", textContent: "Sessions" });
  return node("li", {}, name, node("span", { className: "count" }), ...(plain ? [] : [open]));
}

function patchPlace(app, item, one, row, n) {
  const [name, count, open] = item.children;
  item.style.setProperty("--w", `${row.width * 100}%`);
  item.classList.toggle("ended", Boolean(row.ended));
  put(name.firstChild, "textContent", row.label);
  name.title = row.label;
  put(count, "textContent", row.part ? `${row.text} · ${row.part}` : row.text);
  if (!open) return;
  const value = row.name.slice(1);
  name.ariaLabel = `${row.label}: ${row.text} sessions, ${row.part}, at step ${n}. Begin the paths here.`;
  name.onclick = () => app.send({ kind: "behave_set", of: "paths", name: "anchor", value });
  open.ariaLabel = `Sessions with ${row.label}`;
  open.onclick = () => app.send({ kind: "drill", key: { [one.by]: value } });
}
