// Retention: a grid that is a table, each cell a share in words and in colour, hatched while its period is not over.

function retentionControls(app, one) {
  return [
    setting(app, "retention", "grain", "By", [["P1D", "day"], ["P1W", "week"], ["P1M", "month"]], one.grain),
    setting(app, "retention", "back", "Came back with", [["", "any event"], ...one.menus.events], one.back),
    setting(app, "retention", "born", "First seen by", [["id", "the visitor's id"], ["visit", "the first event of all"]], one.born),
  ];
}

function drawRetention(app, at, one) {
  if (!at.firstChild) {
    const longer = node("button", { type: "button", className: "longer" });
    at.append(node("p", {}, longer), node("div", { className: "scroll", tabIndex: 0, role: "group", ariaLabel: "Retention as a table" }, node("table")));
  }
  const [line, scroll] = at.children;
  line.hidden = !one.longer;
  put(line.firstChild, "textContent", `Show the last ${(one.longer ?? "").replace("d", "")} days`);
  line.firstChild.onclick = () => app.send({ kind: "last", last: one.longer });
  scroll.hidden = !one.rows;
  if (!one.rows) return;
  const heads = [`Visitors of the ${one.period}`, "Size", ...one.columns];
  drawTable(scroll.firstChild, heads, one.rows.map((row) => ({
    key: JSON.stringify(row),
    cells: [cohortName(row), row.size_text, ...row.cells.map((cell, n) => retentionCell(app, one, row, cell, n))],
  })), `${one.alt} Columns: ${one.period}s after.`);
}

function cohortName(row) {
  return node("span", { title: row.note }, row.label, ...(row.note ? [node("small", { textContent: ` (${row.note})` })] : []));
}

function retentionCell(app, one, row, cell, ahead) {
  const open = cell.open ? `; this ${one.period} is not over` : "";
  const shown = node(cell.count ? "button" : "span", { className: cell.open ? "part open" : "part", title: `${cell.count_text}${open}` });
  if (cell.count) Object.assign(shown, { type: "button", onclick: () => app.send({ kind: "drill", cohort: row.seq, ahead }) });
  if (cell.count) shown.title += ". Show their sessions";
  shown.style.setProperty("--part", `${((cell.part ?? 0) * 60).toFixed(1)}%`);
  shown.append(cell.text, ...(cell.open ? [node("span", { className: "sr", textContent: " (not over)" })] : []));
  return shown;
}
