// HTML elements: buttons, selects, tables. Text is always inserted as text; no HTML is parsed.

import { guarded } from "./errors.js";
import { icon } from "./icons.js";
import { ariaKey, keyLabel } from "./keyboard.js";

export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "class") made.className = value || "";
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child != null));
  return made;
}

// A button. key: its shortcut, which works while the button is visible and enabled; the help overlay
// lists it. kind: "primary", "danger" or "ghost"; icon: a name of shared/icons.js; iconOnly: the label is
// spoken and shown as a tooltip only; group: heading in the help overlay.
export function action(label, key, run, { kind = "", icon: shape, iconOnly, group, class: more = "", ...attributes } = {}) {
  const name = attributes["aria-label"] || label;
  return el("button", { type: "button", "data-key": key || null, "data-group": group, onclick: guarded(run),
    "aria-keyshortcuts": key ? ariaKey(key) : null, title: titleOf(name, key, iconOnly || attributes["aria-label"]),
    class: [kind, iconOnly ? "icon-only" : "", more].filter(Boolean).join(" ") || null,
    ...attributes, "aria-label": iconOnly ? name : attributes["aria-label"] },
  shape ? icon(shape) : null, iconOnly ? null : el("span", {}, label));
}

function titleOf(name, key, always) {
  if (key) return `${name} (${keyLabel(key)})`;
  return always ? name : null;
}

// Change the visible label of an action.
export function relabel(button, text) {
  (button.querySelector("span") || button).textContent = text;
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
  const isNumber = (i) => rows.some((cells) => typeof cells[i] === "number");
  return el("table", attributes,
    el("thead", {}, el("tr", {}, head.map((cell, i) => (cell ? el("th", { scope: "col", class: isNumber(i) ? "num" : null }, cell) : el("td"))))),
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
