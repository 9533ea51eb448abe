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
  if (!at.firstChild) {
    // The columns below say all of it in words.
    const svg = shape("svg", { "aria-hidden": "true", class: "flow" });
    at.append(svg, node("ol", { className: "columns" }));
  }
  drawWays(at.firstChild, one);
  sync(at.lastChild, one.columns ?? [], (_, n) => n,
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

/** The columns as blocks, with a ribbon for all that went from one to another; what ended is a block of the next step. */
function drawWays(svg, one) {
  const columns = one.columns ?? [];
  svg.toggleAttribute("hidden", columns.length < 2);
  if (columns.length < 2) { svg.replaceChildren(); return; }
  const width = 1000, height = 300;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const levels = columns.map((column) => ({ nodes: [...column.places.map((row) => ({ ...row, value: row.count })),
    ...(column.ended?.count ? [{ ...column.ended, name: "(ended)", value: column.ended.count, ended: true }] : [])] }));
  const place = (level, name) => levels[level].nodes.findIndex((row) => row.name === name);
  const links = one.links.filter((link) => link.step + 1 < levels.length)
    .map((link) => ({ level: link.step, from: place(link.step, link.from), to: place(link.step + 1, link.to), value: link.value }));
  const laid = flowPlaces(levels, links, width, height);
  const ribbons = laid.links.map((link) => {
    const half = link.thick / 2, mid = (link.x0 + link.x1) / 2, a = link.y0 + half, b = link.y1 + half;
    const ended = levels[link.level + 1].nodes[link.to].ended;
    return shape("path", { class: ended ? "way ended" : "way", "stroke-width": Math.max(1, link.thick), d: `M${link.x0} ${a}C${mid} ${a} ${mid} ${b} ${link.x1} ${b}` });
  });
  const blocks = laid.nodes.flatMap((column, level) => column.map((block, n) => wayBlock(levels[level].nodes[n], block, level === levels.length - 1)));
  svg.replaceChildren(...ribbons, ...blocks);
}

function wayBlock(row, block, isLast) {
  const group = shape("g", { class: row.ended || row.others ? "end" : "" });
  group.append(shape("rect", { x: block.x, y: block.y, width: FLOW.block, height: block.height, rx: 2 }));
  if (block.height > 9) {
    const x = isLast ? block.x - 6 : block.x + FLOW.block + 6;
    const label = row.label.length > 22 ? `${row.label.slice(0, 21)}…` : row.label;
    group.append(shape("text", { x, y: block.y + block.height / 2 + 4, "text-anchor": isLast ? "end" : "start" }, label));
  }
  return group;
}
