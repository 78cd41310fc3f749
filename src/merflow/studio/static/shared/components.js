// Components of the page: fields, badges, segmented controls, dialogs, menus, empty states.

import { action, el } from "./elements.js";
import { guarded } from "./errors.js";
import { icon } from "./icons.js";

let made = 0;
const newId = (prefix) => `${prefix}-${++made}`;

// An input with its label; returns the field, with set error(text).
export function field(label, input, { unit = "", help = "", wide = false } = {}) {
  input.id ||= newId("field");
  const error = el("span", { class: "error", id: `${input.id}-error`, role: "alert", hidden: true });
  const about = el("span", { class: "help", id: `${input.id}-help`, hidden: !help }, help);
  input.setAttribute("aria-describedby", `${input.id}-help ${input.id}-error`);
  const root = el("div", { class: `field${wide ? " wide" : ""}` }, el("label", { for: input.id }, label),
    el("div", { class: "control" }, input, unit ? el("span", { class: "unit" }, unit) : null), about, error);
  // Show an error below the input; an empty text removes it.
  root.setError = (text) => {
    error.textContent = text;
    error.hidden = !text;
    input.setAttribute("aria-invalid", String(!!text));
  };
  return root;
}

// kind: "", "info", "good", "warn" or "bad"; the text alone must say what the colour says.
export const badge = (text, kind = "", attributes = {}) => el("span", { class: `badge ${kind}`.trim(), ...attributes }, text);

const NOTES = { info: "info", good: "check", warn: "warn", bad: "warn" };
export const note = (kind, ...content) => el("div", { class: `note ${kind}` }, icon(NOTES[kind]), el("div", { class: "grow" }, content));

// An empty place: what it will show, and the button that fills it.
export const emptyState = (shape, title, text, ...buttons) => el("div", { class: "empty" }, icon(shape), el("h2", {}, title),
  text ? el("p", {}, text) : null, buttons.length ? el("div", { class: "row" }, buttons) : null);

export function progressBar(label, value, max) {
  return el("progress", { "aria-label": label, max: max || 1, value: max ? value : null });
}

// One of few values. values: [[value, text]]; run(value): called with another choice. Returns the
// group; its `value` may be set.
export function segmented(label, values, run, chosen) {
  const name = newId("segment");
  const root = el("div", { class: "segments", role: "radiogroup", "aria-label": label }, values.map(([value, text]) =>
    el("label", {}, el("input", { type: "radio", name, value, checked: value === chosen, onchange: guarded(() => run(value)) }), text ?? value)));
  Object.defineProperty(root, "value", {
    get: () => root.querySelector(":checked")?.value,
    set: (value) => { for (const input of root.querySelectorAll("input")) input.checked = input.value === value; },
  });
  return root;
}

// Open a dialog; Esc and the cross close it. buttons: made with action(); large: for tables.
// Returns the dialog; close() removes it.
export function openDialog(title, content, buttons = [], { large = false, id = null } = {}) {
  const root = el("dialog", { class: large ? "large" : null, id });
  const heading = el("h2", { id: newId("dialog") }, title);
  root.setAttribute("aria-labelledby", heading.id);
  root.append(el("header", {}, heading, action("Close", "", () => root.close(), { icon: "close", iconOnly: true, kind: "ghost" })),
    el("div", { class: "body", tabindex: 0 }, content), ...(buttons.length ? [el("footer", {}, buttons)] : []));
  root.addEventListener("close", () => root.remove());
  root.addEventListener("click", (event) => { if (event.target === root) root.close(); });
  document.body.append(root);
  root.showModal();
  return root;
}

// Ask before something that cannot be undone; resolves to true or false.
export function confirmed(title, content, yes, { kind = "primary" } = {}) {
  return new Promise((resolve) => {
    const root = openDialog(title, content, [action("Cancel", "", () => root.close()),
      action(yes, "", () => { root.returnValue = "yes"; root.close("yes"); }, { kind })]);
    root.addEventListener("close", () => resolve(root.returnValue === "yes"));
  });
}

// A button that opens a list of actions. entries: [[label, run]].
export function menu(label, entries, { icon: shape = "download", ...attributes } = {}) {
  const list = el("div", { popover: "auto", id: newId("menu") }, entries.map(([text, run]) =>
    el("button", { type: "button", onclick: guarded(async () => { list.hidePopover(); await run(); }) }, text)));
  const button = el("button", { type: "button", class: "small", popovertarget: list.id, "aria-haspopup": "true", ...attributes }, icon(shape), el("span", {}, label));
  return popoverOf("menu", button, list);
}

// A small "?" that explains what stands beside it.
export function hint(text) {
  const box = el("div", { popover: "auto", id: newId("hint"), role: "tooltip" }, text);
  return popoverOf("menu hint", el("button", { type: "button", popovertarget: box.id, "aria-label": `Explanation: ${text}` }, "?"), box);
}

// Keep a popover below its button and inside the window.
function popoverOf(name, button, box) {
  box.addEventListener("toggle", () => {
    const at = button.getBoundingClientRect(), width = box.offsetWidth, height = box.offsetHeight;
    box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
    box.style.top = `${at.bottom + height + 8 > innerHeight ? Math.max(8, at.top - height - 8) : at.bottom}px`;
  });
  return el("span", { class: name }, button, box);
}
