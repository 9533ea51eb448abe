// Small tools of all the page's parts: making and patching elements, numbers and names as people read them.

const SVG = "http://www.w3.org/2000/svg";

const node = (tag, props = {}, ...kids) => {
  const made = Object.assign(document.createElement(tag), props);
  made.append(...kids);
  return made;
};
const shape = (tag, attributes, text) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
};
const put = (at, name, value) => { if (at[name] !== value) at[name] = value; };

/** Make the children of *parent* those of *items*: kept by key, in order, patched. */
function sync(parent, items, keyOf, make, patch) {
  const keys = items.map((item, at) => String(keyOf(item, at)));
  const wanted = new Set(keys);
  for (const child of [...parent.children]) if (!wanted.has(child.dataset.key)) child.remove();
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, at) => {
    let child = old.get(keys[at]);
    if (!child) { child = make(item, at); child.dataset.key = keys[at]; }
    patch(child, item, at);
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
}

function options(select, items, chosen) {
  const text = JSON.stringify(items);
  if (select.dataset.items !== text) {
    select.dataset.items = text;
    select.replaceChildren(...items.map(([value, label, about]) => node("option", { value, textContent: label, title: about ?? "" })));
  }
  put(select, "value", chosen);
}

const regions = new Intl.DisplayNames(["en"], { type: "region" });
function named(dimension, row) {
  if (dimension !== "country" || !/^[A-Z]{2}$/.test(row.key ?? "")) return [row.label, ""];
  const name = regions.of(row.key);
  return name === row.key ? [row.label, ""] : [name, row.key];
}
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const exact = (value, decimals) => value == null ? "–"
  : value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
const counted = (count, name) => `${count} ${name}${count === 1 ? "" : "s"}`;
const withUnit = (text, unit) => unit ? `${text} ${unit}` : text;
