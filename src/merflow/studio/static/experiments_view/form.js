// The form of an experiment or a preparation, made from the fields that the server knows.

import { hint } from "../shared/components.js";
import { el } from "../shared/elements.js";
import { applies, same, setAt, shown, valueAt } from "./entry_values.js";
import { inputOf, labelled } from "./inputs.js";

// Kinds of several inputs.
const GROUPS = ["network_settings", "grid", "names"];
const REDRAWING = ["method", "network", "protocol", "kind"];

// entry: {values, original}; context: {names, networks}; changed(): called after every change.
export class EntryForm {
  constructor(fields, entry, context, changed) {
    Object.assign(this, { fields, entry, changed, rows: new Map(), open: new Set() });
    this.context = { ...context, value: (path) => valueAt(entry.values, path) };
    this.root = el("div", { class: "stack", id: "form" });
    this.draw();
  }

  draw() {
    this.rows.clear();
    const basic = this.fields.filter((field) => field.basic), rest = this.fields.filter((field) => !field.basic);
    const groups = [...new Set(rest.map((field) => field.group))];
    this.root.replaceChildren(this.grid(basic), el("div", { class: "more" }, el("h3", {}, "More settings"),
      ...groups.map((name) => this.group(name, rest.filter((field) => field.group === name)))));
    this.showUsed();
  }

  grid(fields) { return el("div", { class: "fields" }, fields.map((field) => this.row(field))); }

  group(name, fields) {
    const root = el("details", { class: "group", ontoggle: () => { if (root.open) this.open.add(name); else this.open.delete(name); } },
      el("summary", {}, name), this.grid(fields));
    const used = fields.filter((field) => valueAt(this.entry.values, field.path) !== undefined).length;
    if (used) root.firstChild.append(el("span", { class: "badge info" }, `${used} set`));
    root.open = this.open.has(name);
    return root;
  }

  row(field) {
    const input = inputOf(field, valueAt(this.entry.values, field.path), this.context, (value) => this.set(field, value));
    const isGroup = GROUPS.includes(field.kind), target = isGroup ? input : labelled(input);
    target.id = `field-${field.path.replaceAll(".", "-")}`;
    const help = el("span", { class: "help", id: `${target.id}-help` }, withCode(helpOf(field)));
    const error = el("span", { class: "error", id: `${target.id}-error`, role: "alert", hidden: true });
    target.setAttribute("aria-describedby", `${help.id} ${error.id}`);
    const wide = ["network_settings", "grid"].includes(field.kind) ? " whole" : "";
    const title = isGroup ? el("span", { class: "label" }, field.title) : el("label", { for: target.id }, field.title, field.required ? el("span", { class: "soft" }, " (required)") : null);
    const root = el("div", { class: `field${wide}`, "data-path": field.path }, el("div", { class: "head" }, title, field.about === firstSentence(field.about) ? null : hint(field.about.replaceAll("`", ""))),
      el("div", { class: "control" }, input, field.unit ? el("span", { class: "unit" }, field.unit) : null), help, error);
    this.rows.set(field.path, { root, target, error, field });
    return root;
  }

  set(field, value) {
    const { values, original } = this.entry;
    // A value chosen back to the default is left out, unless the file has it.
    const isDefault = same(value, field.default) && valueAt(original, field.path) === undefined;
    setAt(values, field.path, isDefault ? undefined : value);
    if (REDRAWING.includes(field.path) && field.kind !== "name") this.redraw(field);
    else if (field.path === "network") this.redrawOnly("network_settings");
    this.showUsed();
    this.changed();
  }

  redraw(field) {
    this.draw();
    this.rows.get(field.path)?.target.focus();
  }

  redrawOnly(path) {
    const old = this.rows.get(path);
    if (old) old.root.replaceWith(this.row(old.field));
  }

  // Hide fields without an effect, unless they are set.
  showUsed() {
    for (const { root, field } of this.rows.values()) {
      root.hidden = !applies(field, this.entry.values, this.fields) && valueAt(this.entry.values, field.path) === undefined;
    }
    for (const group of this.root.querySelectorAll("details")) {
      group.hidden = [...group.querySelectorAll(".field[data-path]")].every((one) => one.hidden);
    }
  }

  // faults: [{path (below the entry), text}]; returns those that no field has.
  showFaults(faults) {
    for (const row of this.rows.values()) this.mark(row, "");
    const others = [];
    for (const { path, text } of faults) {
      const row = this.nearest(path);
      if (!row) { others.push({ path, text }); continue; }
      this.mark(row, row.error.textContent ? `${row.error.textContent}; ${text}` : text);
      const group = row.root.closest("details");
      if (group) group.open = true;
    }
    return others;
  }

  mark({ error, target }, text) {
    error.textContent = text;
    error.hidden = !text;
    if (!target.matches("input, select")) target.toggleAttribute("data-invalid", !!text);
    else target.setAttribute("aria-invalid", String(!!text));
  }

  // The field of a path, or of the value that the path leads into.
  nearest(path) {
    for (let at = path; at; at = at.includes(".") ? at.slice(0, at.lastIndexOf(".")) : "") {
      const row = this.rows.get(at);
      if (row && !row.root.hidden) return row;
    }
    return undefined;
  }
}

const firstSentence = (text) => text.split(/(?<=[.])\s+(?=[A-Z`])/)[0];

// A text with `words` as code.
const withCode = (text) => text.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part));

function helpOf(field) {
  const first = firstSentence(field.about);
  const limits = [field.min != null ? `at least ${field.min}` : "", field.max != null ? `at most ${field.max}` : ""].filter(Boolean).join(", ");
  const fallback = field.required ? "" : ["choice", "grid", "network_settings"].includes(field.kind) ? "" : `Default ${shown(field.default) || "empty"}`;
  const facts = [fallback, limits].filter(Boolean).join(", ");
  return facts ? `${first} ${facts}.` : first;
}
