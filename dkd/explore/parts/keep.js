// Keeping: views and segments as files of the project, and exporting what is on the page.

const EXPORTS = [
  ["view", "csv", "Numbers as CSV"], ["view", "parquet", "Numbers as Parquet"], ["view", "sql", "The SQL"],
  ["rows", "csv", "All rows as CSV"], ["rows", "parquet", "All rows as Parquet"],
];

function buildKeep(app) {
  const share = app.$(".share");
  const title = node("input", { type: "text", name: "title", required: true, maxLength: 200 });
  const form = node("form", { className: "sheet" }, node("label", {}, "Title ", title),
    node("button", { type: "submit", className: "main", textContent: "Save view" }),
    node("button", { type: "button", className: "as-segment", textContent: "Save the filters as a segment" }),
    node("p", { className: "hint outcome", role: "status" }),
    node("button", { type: "button", className: "replace", textContent: "Replace it", hidden: true }),
    node("div", { className: "segments", role: "group", ariaLabel: "Saved segments" }));
  form.onsubmit = (event) => { event.preventDefault(); app.send({ kind: "save", title: title.value }); };
  form.querySelector(".as-segment").onclick = () => form.reportValidity() && app.send({ kind: "save_segment", title: title.value });
  share.before(node("details", { className: "pop keep" }, node("summary", { textContent: "Save" }), form));
  const files = EXPORTS.map(([what, kind, label]) => node("a", { className: "file", textContent: label, download: "" }));
  const picture = node("button", { type: "button", className: "png", textContent: "The picture as PNG" });
  picture.onclick = () => exportPicture(app);
  const hint = node("p", { className: "hint", textContent: "Of exactly these dates and filters. Rows are the events themselves, and may be many." });
  share.before(node("details", { className: "pop export" }, node("summary", { textContent: "Export" }), node("div", { className: "sheet" }, ...files, picture, hint)));
}

function drawKeep(app) {
  const { view, keep, menus, state } = app.data;
  const at = app.$(".keep"), last = keep?.last;
  at.hidden = app.$(".export").hidden = !view;
  if (!view) return;
  drawExports(app, view.fixed_link ?? view.link, menus.views.find(([, link]) => link === view.link)?.[0] ?? "");
  app.$(".png").hidden = !pictureOf(app);
  app.$(".export").classList.toggle("off", state?.kind === "failed");
  put(at.querySelector(".as-segment"), "disabled", !app.data.shelf?.filters.length);
  if (last) keepOutcome(app, at, last);
  else if (!keep?.can) put(at.querySelector(".outcome"), "textContent", "The explorer serves no project to save in.");
  sync(at.querySelector(".segments"), menus.segments ?? [], ([name]) => name, ([name, title]) => node("p", {}, node("span", { textContent: title }),
    ...[["only", "Only"], ["except", "All but"], ["against", "Compare with"]].map(([use, label]) =>
      node("button", { type: "button", textContent: label, ariaLabel: `${label} ${title}`, onclick: () => app.send({ kind: "segment", name, use }) }))), () => {});
}

function keepOutcome(app, at, last) {
  put(at.querySelector(".outcome"), "textContent", last.said);
  const replace = at.querySelector(".replace");
  replace.hidden = !last.replaces;
  replace.onclick = () => app.send({ kind: last.kind, title: last.title, replaces: true });
  at.open = true;
  say(app, last.said);
}

function drawExports(app, link, title) {
  app.$(".export").querySelectorAll(".file").forEach((file, n) => {
    const [what, form] = EXPORTS[n];
    const base = new URL(location.pathname.replace(/\/?$/, "/"), location.origin);
    put(file, "href", new URL(`export?${new URLSearchParams({ v: link, form, what, title })}`, base).href);
  });
}

/** The drawing on the page: of the splits, of a behaviour, or over time. */
function pictureOf(app) {
  return [".picture svg", ".behaviour svg", ".plot svg"].map((where) => app.$(where)).find((svg) => svg?.checkVisibility() && svg.clientWidth > 120) ?? null;
}

const PAINTED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "stroke-linejoin", "opacity", "font", "text-anchor", "dominant-baseline", "visibility", "display"];

/** The picture with its colours as they are here, on the page's own ground: outside of this page no style applies. */
function painted(svg, ground) {
  const copy = svg.cloneNode(true), width = svg.clientWidth, height = svg.clientHeight;
  const from = [svg, ...svg.querySelectorAll("*")], to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((element, n) => {
    const style = getComputedStyle(element);
    for (const name of PAINTED) to[n].style.setProperty(name, style.getPropertyValue(name));
  });
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.prepend(shape("rect", { width: "100%", height: "100%", fill: ground }));
  return [new XMLSerializer().serializeToString(copy), width, height];
}

async function exportPicture(app) {
  const svg = pictureOf(app), { data } = app;
  const [text, width, height] = painted(svg, getComputedStyle(app.root).getPropertyValue("--back").trim() || "#fff");
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = node("canvas", { width: width * 2, height: height * 2 });
  canvas.getContext("2d").drawImage(image, 0, 0, width * 2, height * 2);
  const file = new URL(app.$(".export .file").href).searchParams.get("title") || "view";
  const stamp = `${data.view.start}_${data.view.end}`.replaceAll(/[-:]/g, "");
  const name = `${data.site}_${file.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}_${stamp}_${data.view.zone.replaceAll("/", "-")}.png`;
  node("a", { href: canvas.toDataURL("image/png"), download: name }).click();
}
