// Flows from the values of one split to those of the next, as ribbons between columns of blocks.

const FLOW = { block: 12, gap: 6 };

function drawFlow(app, canvas) {
  const { picture } = app.data;
  const { pic } = app;
  const { levels, links } = picture.flow;
  const height = Math.max(240, Math.min(620, 30 * Math.max(...levels.map((level) => level.nodes.length)) + 40));
  const svg = resize(canvas, pic.width, height);
  const laid = flowPlaces(levels, links, pic.width, height);
  const names = levels.map((level) => level.nodes.map((item) => nameOf(level.dimension, item)));
  pic.marks = [];
  const ribbons = laid.links.map((link) => flowRibbon(app, picture, levels, names, link));
  const blocks = laid.nodes.flatMap((column, level) => column.map((at, n) => flowBlock(app, picture, { levels, names, at, level, n, width: pic.width, gap: laid.gap })));
  const heads = levels.map((level, n) => shape("text", { class: "head", x: n === levels.length - 1 ? pic.width : laid.x(n), y: 14, "text-anchor": n === levels.length - 1 ? "end" : "start" }, level.head));
  svg.replaceChildren(...heads, ...ribbons, ...blocks);
  Object.assign(pic, { near: null, brushes: false, isFree: true, showOwn: () => lightFlow(app) });
}

/** Where blocks and ribbons lie: a block is as high as what flows through it. */
function flowPlaces(levels, links, width, height) {
  const most = Math.max(...levels.map((level) => level.nodes.length));
  const gap = Math.min(FLOW.gap + 4, (height - 60) / Math.max(1, most) / 2), top = 24;
  const whole = Math.max(...levels.map((level) => level.nodes.reduce((sum, one) => sum + one.value, 0))) || 1;
  const scale = (height - top - 8 - gap * (most - 1)) / whole;
  const x = (level) => (levels.length > 1 ? level / (levels.length - 1) : 0) * (width - FLOW.block);
  const nodes = levels.map((level) => {
    let y = top;
    return level.nodes.map((one) => { const at = { y, height: Math.max(1, one.value * scale), out: 0, in: 0 }; y += at.height + gap; return at; });
  });
  const sorted = [...links].sort((a, b) => a.level - b.level || a.from - b.from || a.to - b.to);
  const placed = sorted.map((link) => {
    const from = nodes[link.level][link.from], thick = link.value * scale;
    const y0 = from.y + from.out;
    from.out += thick;
    return { ...link, thick, x0: x(link.level) + FLOW.block, x1: x(link.level + 1), y0 };
  });
  for (const link of [...placed].sort((a, b) => a.level - b.level || a.to - b.to || a.from - b.from)) {
    const to = nodes[link.level + 1][link.to];
    link.y1 = to.y + to.in;
    to.in += link.thick;
  }
  nodes.forEach((column, level) => column.forEach((at) => { at.x = x(level); }));
  return { nodes, links: placed, x, gap };
}

function flowRibbon(app, picture, levels, names, link) {
  const { marks } = app.pic;
  const from = levels[link.level].nodes[link.from], to = levels[link.level + 1].nodes[link.to];
  const half = link.thick / 2, mid = (link.x0 + link.x1) / 2, a = link.y0 + half, b = link.y1 + half;
  const made = shape("path", { "data-at": marks.length, "data-value": link.value, "data-level": link.level, class: `ribbon${from.others || to.others ? " others" : ""}`, style: `--c: ${colour(from, link.from)}`, "stroke-width": Math.max(1, link.thick), d: `M${link.x0} ${a}C${mid} ${a} ${mid} ${b} ${link.x1} ${b}` });
  const name = `${names[link.level][link.from]} → ${names[link.level + 1][link.to]}`;
  marks.push({ r: 1000 + marks.length, c: 0, x: mid, y: Math.min(a, b), isLink: true, level: link.level, from: link.from, to: link.to, split: link.level, key: [from.key, to.key], others: from.others || to.others, value: link.value, name, labels: [names[link.level][link.from], names[link.level + 1][link.to]],
    said: withUnit(link.text, picture.unit), more: [from.value ? `${(link.value / from.value * 100).toFixed(1)} % of ${names[link.level][link.from]}` : ""] });
  return made;
}

function flowBlock(app, picture, { levels, names, at, level, n, width }) {
  const { marks } = app.pic;
  const item = levels[level].nodes[n], isLast = level === levels.length - 1;
  const group = shape("g", { "data-at": marks.length, "data-value": item.value, class: `block${item.others ? " others" : ""}` });
  group.append(shape("rect", { x: at.x, y: at.y, width: FLOW.block, height: at.height, rx: 2, style: `--c: ${colour(item, n)}` }));
  if (at.height > 8 || n < 24) {
    const room = width / levels.length - FLOW.block - 24;
    group.append(shape("text", { x: isLast ? at.x - 7 : at.x + FLOW.block + 7, y: at.y + at.height / 2 + 4, "text-anchor": isLast ? "end" : "start" }, cut(`${names[level][n]}  ${compact.format(item.value)}`, room)));
  }
  marks.push({ r: n, c: level, x: isLast ? at.x - 160 : at.x + FLOW.block, y: at.y, split: level, key: [item.key], level, others: item.others, value: item.value, name: names[level][n], labels: [names[level][n]], said: withUnit(item.text, picture.unit), more: [] });
  return group;
}

/** Of the mark under the cursor, all that flows through it is lit. */
function lightFlow(app) {
  const { pic } = app;
  const mark = pic.marks[pic.cursor] ?? pic.marks[pic.picked];
  for (const ribbon of app.root.querySelectorAll(".picture .ribbon")) {
    const link = pic.marks[Number(ribbon.dataset.at)];
    const isLit = !mark || (mark.isLink ? mark === link : (link.level === mark.level && link.from === mark.r) || (link.level === mark.level - 1 && link.to === mark.r));
    ribbon.classList.toggle("dim", !isLit);
  }
}
