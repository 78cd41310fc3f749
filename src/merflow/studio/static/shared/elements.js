// HTML elements: buttons, selects, tables. Text is always inserted as text; no HTML is parsed.

import { guarded } from "./errors.js";
import { keyLabel } from "./keyboard.js";

export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "class") made.className = value;
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child != null));
  return made;
}

// A button with a shortcut, which works while the button is visible and enabled.
export function action(label, key, run, attributes = {}) {
  return el("button", { type: "button", "data-key": key, onclick: guarded(run), ...attributes },
    label, key ? el("kbd", {}, keyLabel(key)) : null);
}

export function choice(label, values, run, chosen) {
  return el("select", { "aria-label": label, onchange: guarded((e) => run(e.target.value)) },
    values.map(([value, text]) => el("option", { value, selected: value === chosen }, text ?? value)));
}

// Choose the next option of a select; return its value.
export function nextOption(select) {
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  return select.value;
}

export function table(head, rows, attributes = {}) {
  return el("table", attributes,
    el("thead", {}, el("tr", {}, head.map((cell) => el("th", {}, cell)))),
    el("tbody", {}, rows.map((cells) => (cells instanceof Node ? cells : el("tr", {}, cells.map(cellOf))))));
}

function cellOf(cell) {
  return cell instanceof HTMLTableCellElement ? cell
    : el("td", typeof cell === "number" ? { class: "num" } : {}, cell instanceof Node ? cell : String(cell));
}

// Names with the colours of their lines.
export function legend(names, attributes = {}) {
  return el("div", { class: "legend", ...attributes }, names.map((name, i) => el("span", {}, swatch(i), name)));
}

export function swatch(i) {
  const made = el("span", { class: "swatch" });
  made.style.background = `var(--s${i % 6})`;
  return made;
}

export const fixed = (value, digits = 3) => (value == null ? "–" : Number(value).toFixed(digits));
export const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
