// A nested table with totals first, bars in its cells and sorting by its heads; a pivot; and the twin of each picture.

const PAGE_ROWS = 200;

function drawNested(app, at) {
  const { picture } = app.data;
  const { pic } = app;
  const { table } = picture;
  at.setAttribute("aria-label", `${picture.title} as a table of ${table.rows.length} rows`);
  const parts = tableParts(at, pic);
  const shown = table.rows.filter((row) => isOpen(pic, row, table.rows));
  const pages = Math.max(1, Math.ceil(shown.length / PAGE_ROWS));
  pic.page = Math.min(pic.page, pages - 1);
  const forms = formsOf(picture, table.columns.length);
  parts.head.replaceChildren(tableHead(app, table, forms));
  const totals = table.totals.length ? [tableRow(app, { label: "Total", depth: 0, leaf: true, cells: table.totals, key: [], isTotal: true }, forms)] : [];
  parts.body.replaceChildren(...totals, ...shown.slice(pic.page * PAGE_ROWS, (pic.page + 1) * PAGE_ROWS).map((row) => tableRow(app, row, forms)));
  if (!shown.length) parts.body.append(node("tr", {}, node("th", { scope: "row", textContent: "No values here." })));
  drawPages(app, parts.foot, shown.length, pages, () => drawNested(app, at));
}

/** The frame of a table, made once: its scroll place and the buttons below it stay. */
function tableParts(at, pic) {
  if (!at.querySelector(".pages")) at.replaceChildren(node("div", { className: "scroll" }, node("table", {}, node("thead"), node("tbody"))), node("div", { className: "pages" }));
  const table = at.querySelector("table");
  table.className = pic.kind;
  return { head: table.tHead, body: table.tBodies[0], foot: at.querySelector(".pages") };
}

function drawPages(app, foot, count, pages, again) {
  foot.hidden = pages < 2;
  const { pic } = app;
  const go = (step) => { pic.page += step; again(); };
  const first = pic.page * PAGE_ROWS;
  foot.replaceChildren(act("‹ Before", () => go(-1)), node("span", { textContent: `Rows ${(first + 1).toLocaleString("en")} to ${Math.min(count, first + PAGE_ROWS).toLocaleString("en")} of ${count.toLocaleString("en")}` }), act("More ›", () => go(1)));
  foot.firstChild.disabled = !pic.page;
  foot.lastChild.disabled = pic.page === pages - 1;
}

/** Which columns each measure has. */
function formsOf(picture, count) {
  if (!picture.compares) return ["value"];
  return count > 3 ? ["value", "change"] : ["value", "previous", "delta", "change"];
}

function tableHead(app, table, forms) {
  const row = node("tr", {}, node("th", { scope: "col", className: "name", textContent: table.heads.join(" › ") }));
  const texts = { value: "", previous: "before", delta: "difference", change: "change" };
  const can = app.data.picture.splits.length > 0;
  for (const column of table.columns) {
    for (const form of forms) {
      const by = form === "previous" ? "previous" : form === "value" ? "value" : "delta";
      const isSorted = column.sorted && column.by === by && (form !== "change" || !forms.includes("delta"));
      const label = form === "value" ? withUnit(column.label, column.unit) : texts[form];
      const cell = node("th", { scope: "col" });
      cell.dataset.measure = column.name;
      cell.dataset.form = form;
      if (isSorted) cell.setAttribute("aria-sort", column.sorted === "up" ? "ascending" : "descending");
      if (can) cell.append(node("button", { type: "button", className: "plain sort", textContent: label, ariaLabel: `Sort by ${column.label}${texts[form] ? `, ${texts[form]}` : ""}`, onclick: () => app.send({ kind: "picture_sort", measure: column.name, by }) }, node("i", { textContent: isSorted ? (column.sorted === "up" ? "▲" : "▼") : "" })));
      else cell.textContent = label;
      row.append(cell);
    }
  }
  return row;
}

const pathOf = (row) => JSON.stringify([row.time_ms ?? null, row.key, row.others]);

/** Whether none of the rows that this one lies under is closed. */
function isOpen(pic, row, rows) {
  for (let above = rows[row.under]; above; above = rows[above.under]) if (pic.closed.has(pathOf(above))) return false;
  return true;
}

function tableRow(app, row, forms) {
  const { pic, data: { picture } } = app;
  const made = node("tr", { className: [row.isTotal && "total", row.others && "others", !row.leaf && "parent"].filter(Boolean).join(" ") });
  const dimension = picture.splits[row.key.length - 1]?.[0];
  const name = row.key.length && !row.others ? nameOf(dimension, { key: row.key.at(-1), label: row.label }) : row.label;
  const head = node("th", { scope: "row" });
  head.style.setProperty("--depth", row.depth);
  if (!row.leaf) {
    const path = pathOf(row), isShut = pic.closed.has(path);
    head.append(node("button", { type: "button", className: "plain fold", textContent: isShut ? "▸" : "▾", ariaExpanded: String(!isShut), ariaLabel: `${isShut ? "Open" : "Close"} ${name}`,
      onclick: () => { if (isShut) pic.closed.delete(path); else pic.closed.add(path); const at = app.$(".picture .grid"); drawBody(app); [...at.querySelectorAll(".fold")].find((one) => one.dataset.path === path)?.focus(); } }));
    head.firstChild.dataset.path = path;
  } else head.append(node("span", { className: "fold" }));
  if (row.isTotal) head.append(node("b", { textContent: row.label }));
  else head.append(node("button", { type: "button", className: "value", title: name, ariaPressed: String(pic.rowAt === pathOf(row) && Boolean(pic.mark)), onclick: () => chooseRow(app, row, name) }, node("bdi", { textContent: name })));
  made.append(head);
  for (const cell of row.cells) for (const form of forms) made.append(tableCell(cell, form));
  return made;
}

function chooseRow(app, row, name) {
  const { pic } = app;
  const isSame = pic.mark && pic.rowAt === pathOf(row);
  pic.rowAt = pathOf(row);
  pic.mark = isSame ? null : { key: row.key, others: row.others, name, labels: [name], ...spanOf(app, row) };
  const from = app.root.getRootNode().activeElement?.title;
  drawBody(app);
  [...app.$(".picture .grid").querySelectorAll(".value")].find((one) => one.title === from && one.ariaPressed === "true")?.focus();
}

function spanOf(app, row) {
  if (row.time_ms == null) return {};
  const times = [...new Set(app.data.picture.table.rows.map((one) => one.time_ms))].sort((a, b) => a - b);
  return { start_ms: row.time_ms, end_ms: row.time_end_ms ?? times[times.indexOf(row.time_ms) + 1] ?? app.data.picture.end_ms };
}

function tableCell(cell, form) {
  const made = node("td", { className: form === "value" ? "n" : form });
  if (form === "value") {
    made.dataset.value = cell.value ?? "";
    if (cell.bar) made.style.setProperty("--w", `${(cell.bar * 100).toFixed(1)}%`);
    made.append(node("span", { textContent: cell.text }), ...(cell.error ? [node("small", { textContent: ` ${cell.error}` })] : []));
    if (cell.value == null) made.title = "parts of this measure do not add up";
    return made;
  }
  if (form === "change") made.className = `change ${cell.way > 0 ? "up" : cell.way < 0 ? "down" : ""}`;
  made.textContent = cell[form] ?? "";
  if (form === "change" && cell.previous) made.title = `${cell.delta ?? ""} from ${cell.previous}`;
  return made;
}

/** A pivot: one side down, the other across, each measure a row of its own where there are several. */
function drawPivot(app, at) {
  const { picture } = app.data;
  const { pic } = app;
  const { matrix } = picture;
  at.setAttribute("aria-label", `${picture.title} as a pivot of ${matrix.down.items.length} rows and ${matrix.across.items.length} columns`);
  const parts = tableParts(at, pic);
  const { across, down, measures } = matrix;
  const several = measures.length > 1;
  const labels = across.items.map((item) => (across.is_time ? item.label : nameOf(across.dimension, item)));
  const lines = down.items.flatMap((item, r) => measures.map((measure, m) => ({ item, r, measure, m })));
  const pages = Math.max(1, Math.ceil(lines.length / PAGE_ROWS));
  pic.page = Math.min(pic.page, pages - 1);
  const heads = [...down.heads, ...(several ? ["Measure"] : [])];
  parts.head.replaceChildren(
    node("tr", {}, ...heads.map((text) => node("th", { scope: "col", className: text === "Measure" ? "measure" : "name", textContent: text })), pivotSort(app),
      ...labels.map((text, c) => node("th", { scope: "col", className: across.items[c].others ? "others" : "", title: text }, across.is_time ? text : pivotHead(app, across, across.items[c], text)))));
  const totals = measures.map((measure, m) => pivotRow(app, { matrix, measure, m, several, labels, isTotal: true }));
  parts.body.replaceChildren(...totals, ...lines.slice(pic.page * PAGE_ROWS, (pic.page + 1) * PAGE_ROWS).map((line) => pivotRow(app, { ...line, matrix, several, labels })));
  drawPages(app, parts.foot, lines.length, pages, () => drawPivot(app, at));
}

/** The head of the totals, which ranks the values by them; the same again turns the order. */
function pivotSort(app) {
  const { label, measure } = app.data.picture;
  const { by, sort, ascending } = app.data.shelf?.splits.at(-1) ?? {};
  const isSorted = by === "value" && (sort ?? measure) === measure;
  const head = node("th", { scope: "col", className: "sum" }, node("button", { type: "button", className: "plain sort", textContent: "Total", ariaLabel: `Sort by ${label}`,
    onclick: () => app.send({ kind: "picture_sort", measure, by: "value" }) }, node("i", { textContent: isSorted ? (ascending ? "▲" : "▼") : "" })));
  if (isSorted) head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  return head;
}

function pivotHead(app, across, item, name) {
  return node("button", { type: "button", className: "plain", textContent: name, onclick: () => {
    // The values down are the first splits, so that a value across alone is no mark of theirs.
    app.pic.mark = null;
    drawActs(app);
    say(app, name, false);
  } });
}

function pivotRow(app, { matrix, item, r, measure, m, several, labels, isTotal }) {
  const { across, down } = matrix;
  const made = node("tr", { className: isTotal ? "total" : item.others ? "others" : "" });
  const above = r > 0 ? down.items[r - 1].labels : [];
  const names = isTotal ? [] : item.labels.map((label, n) => (item.key[n] == null ? label : nameOf(down.dimensions[n], { key: item.key[n], label })));
  for (let n = 0; n < down.heads.length; n++) {
    const isAgain = !isTotal && item.labels.slice(0, n + 1).every((label, seq) => label === above[seq]) && n < down.heads.length - 1;
    const head = node("th", { scope: "row", className: isAgain ? "again" : "" });
    if (isTotal) head.textContent = n || m ? "" : "Total";
    else if (m === 0) head.append(node("button", { type: "button", className: "value", title: names[n], onclick: () => choosePivot(app, item, names.slice(0, n + 1)) }, node("bdi", { textContent: names[n] })));
    made.append(head);
  }
  if (several) made.append(node("td", { className: "measure", textContent: withUnit(measure.label, measure.unit) }));
  const whole = isTotal ? measure.total : measure.down[r];
  made.append(pivotCell(whole?.value, measure, whole?.off, undefined, "sum"));
  const values = isTotal ? across.items.map((_, c) => measure.across?.[c].value) : measure.now[r];
  const most = isTotal ? 0 : Math.max(1e-9, ...measure.now.flatMap((row, n) => (down.items[n].others ? [] : row.map((value) => Math.abs(value ?? 0)))));
  values.forEach((value, c) => {
    const cell = pivotCell(value, measure, isTotal ? 0 : measure.off?.[r][c], isTotal ? undefined : measure.before?.[r][c], across.items[c].others ? "others" : "");
    if (most && value && !item.others && !across.items[c].others) cell.style.setProperty("--w", `${(Math.abs(value) / most * 100).toFixed(1)}%`);
    if (!isTotal) cell.title = `${names.join(", ")}, ${labels[c]}${cell.title ? `: ${cell.title}` : ""}`;
    made.append(cell);
  });
  return made;
}

function pivotCell(value, measure, off, before, kind) {
  const made = node("td", { className: `n ${kind}` });
  made.dataset.value = value ?? "";
  made.append(node("span", { textContent: value === undefined ? "" : exact(value, measure.decimals) }));
  if (off && value) made.append(node("small", { textContent: ` ±${(off / Math.abs(value) * 100).toFixed(1)} %` }));
  if (before != null) made.title = `before ${exact(before, measure.decimals)}`;
  return made;
}

function choosePivot(app, item, names) {
  const { pic } = app;
  pic.mark = { key: item.key.slice(0, names.length), others: item.others, name: names.join(", "), labels: [names.at(-1)] };
  drawActs(app);
}

/** The same picture as a plain table. */
function drawPictureTwin(app, at) {
  const { picture } = app.data;
  at.setAttribute("aria-label", `${picture.title} as a table`);
  const parts = tableParts(at, app.pic);
  const { heads, rows } = twinOf(picture);
  parts.head.replaceChildren(node("tr", {}, ...heads.map((text, n) => node("th", { scope: "col", className: n ? "" : "name", textContent: text }))));
  parts.body.replaceChildren(...rows.slice(0, 2000).map((row) => node("tr", {}, ...row.map((text, n) => node(n ? "td" : "th", n ? { textContent: text } : { scope: "row", textContent: text })))));
  parts.foot.hidden = rows.length <= 2000;
  parts.foot.replaceChildren(node("span", { textContent: `The first 2,000 of ${rows.length.toLocaleString("en")} rows.` }));
}

function twinOf(picture) {
  const measure = withUnit(picture.label, picture.unit);
  if (picture.flow) {
    const { levels, links } = picture.flow;
    const name = (level, n) => nameOf(levels[level].dimension, levels[level].nodes[n]);
    return { heads: ["From", "To", measure], rows: links.map((link) => [name(link.level, link.from), name(link.level + 1, link.to), link.text]) };
  }
  if (picture.bars) {
    const more = picture.compares ? ["Before", "Change"] : [], share = picture.bars.rows.some((row) => row.part) ? ["Share"] : [];
    return { heads: [picture.splits[0]?.[1] ?? "Time", measure, ...share, ...more],
      rows: picture.bars.rows.map((row) => [nameOf(picture.splits[0]?.[0], row), withError(row), ...share.map(() => row.part), ...more.map((_, n) => (n ? row.change : row.previous) ?? "")]) };
  }
  const { across, down, measures: [one] } = picture.matrix;
  const cellText = (r, c) => saidOf({ ...picture, unit: "" }, one.now[r][c], one.off?.[r][c]).said;
  const columns = across.items.map((item) => (across.is_time ? item.label : nameOf(across.dimension, item)));
  const names = down.items.map((item) => item.labels.map((label, n) => nameOf(down.dimensions[n], { key: item.key[n], label })).join(", ") || measure);
  // Time goes down in the twin, so that it can be read to the end.
  if (across.is_time) return { heads: ["Time", ...names], rows: columns.map((text, c) => [text, ...names.map((_, r) => cellText(r, c))]) };
  return { heads: [down.heads.join(", "), ...columns], rows: names.map((text, r) => [text, ...columns.map((_, c) => cellText(r, c))]) };
}
