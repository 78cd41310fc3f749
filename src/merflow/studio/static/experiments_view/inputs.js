// The input of each kind of field. Each takes (field, value, context, set) and returns an element;
// set(value) is called with another value, undefined for none, so that the default applies.

import { el } from "../shared/elements.js";
import { parsed, parsedList, same, shown } from "./entry_values.js";

let lists = 0;

const placeholder = (field) => shown(field.default) || (field.required ? "" : "empty");

function textInput(field, value, set, read, attributes = {}) {
  const input = el("input", { type: "text", value: shown(value), placeholder: placeholder(field), spellcheck: "false",
    autocomplete: "off", ...attributes, oninput: () => set(read(input.value)) });
  return input;
}

const text = (field, value, _, set) => textInput(field, value, set, (typed) => typed || undefined, { class: "wide" });
const number = (field, value, _, set) => textInput(field, value, set, parsed, { inputmode: "decimal", class: "short" });
const list = (field, value, _, set) => textInput(field, value, set, parsedList, { class: "wide" });

// One of the known values, or a list of them.
function textOrList(field, value, _, set) {
  return withSuggestions(textInput(field, value, set,
    (typed) => (/[,[]/.test(typed) ? parsedList(typed) : parsed(typed)), { class: "wide" }), field.options);
}

function withSuggestions(input, options) {
  const known = el("datalist", { id: `suggestions-${++lists}` }, options.map((value) => el("option", { value })));
  input.setAttribute("list", known.id);
  input.append(known);
  return el("span", { class: "suggesting" }, input, known);
}

function select(options, value, fallback, set, empty) {
  const known = options.map((one) => [one, fallback !== undefined && one === fallback ? `${one} (default)` : String(one)]);
  if (value != null && !options.includes(value)) known.unshift([value, `${shown(value)} (unknown)`]);
  if (empty != null) known.unshift(["", empty]);
  const root = el("select", { onchange: () => {
    const chosen = known[root.selectedIndex][0];
    set(chosen === "" ? undefined : chosen);
  } }, known.map(([one, label]) => el("option", { value: String(one), selected: one === (value ?? fallback ?? "") }, label)));
  return root;
}

const choice = (field, value, _, set) => select(field.options, value, field.default, set);

function name(field, value, context, set) {
  const known = context.names[field.of];
  if (field.of === "networks") {
    const input = textInput(field, value, set, (typed) => typed.trim() || undefined, { class: "wide" });
    return withSuggestions(input, known);
  }
  const empty = field.required ? (value ? null : "choose one") : field.default ? null : "none";
  const root = select(known, value, field.default || undefined, set, empty);
  if (!["collections", "preparations"].includes(field.of)) return root;
  const make = el("button", { type: "button", class: "small", "aria-label": `New ${field.path}`, onclick: () => context.create(field.of) }, "New");
  return el("span", { class: "row nowrap" }, root, make);
}

// Some of the known names.
function names(field, value, context, set) {
  return nameBoxes(field.title, context.names[field.of], Array.isArray(value) ? value : [], (found) => set(found.length ? found : undefined));
}

export function nameBoxes(label, known, chosen, set) {
  const all = [...known, ...chosen.filter((one) => !known.includes(one))];
  const boxes = all.map((one) => el("input", { type: "checkbox", value: one, checked: chosen.includes(one),
    onchange: () => set(boxes.filter((box) => box.checked).map((box) => box.value)) }));
  return el("div", { class: "ticks", role: "group", "aria-label": label }, all.map((one, i) => el("label", {}, boxes[i], el("span", {}, one))));
}

function toggle(field, value, _, set) {
  const root = el("input", { type: "checkbox", checked: value ?? field.default, onchange: () => set(root.checked) });
  return root;
}

// The settings of the chosen network, each with its own input.
function networkSettings(field, value, context, set) {
  const network = context.networks.find((one) => one.name === (context.value("network") ?? "cnn3d"));
  const values = { ...value };
  if (!network) return el("span", { class: "soft" }, "Choose a network first.");
  const rows = network.settings.map((setting) => {
    const change = (changed) => {
      if (changed === undefined) delete values[setting.name]; else values[setting.name] = changed;
      set(Object.keys(values).length ? { ...values } : undefined);
    };
    const input = inputOf({ ...setting, title: setting.name, of: "" }, values[setting.name], context, change);
    const id = `network-${setting.name}`;
    labelled(input).id = id;
    return el("div", { class: "field" }, el("label", { for: id }, setting.name.replaceAll("_", " ")), input,
      el("span", { class: "help" }, `Default ${shown(setting.default) || "empty"}.`));
  });
  return el("div", { class: "fields", role: "group", "aria-label": `Settings of ${network.name}` }, rows.length ? rows : el("span", { class: "soft" }, "It has none."));
}

// Setting paths, each with a list of values: one experiment for every combination.
function grid(field, value, _, set) {
  const rows = Object.entries(value || {}).map(([path, values]) => ({ path, values: shown(values) }));
  const body = el("div", { class: "lines" });
  const root = el("div", { class: "lines", role: "group", "aria-label": "Grid" }, body,
    el("button", { type: "button", class: "small", onclick: () => { rows.push({ path: "", values: "" }); draw(); } }, "Add a setting to the grid"));
  function tell() {
    const made = Object.fromEntries(rows.filter((row) => row.path).map((row) => [row.path, parsedList(row.values) ?? []]));
    if (!same(made, value ?? {})) set(Object.keys(made).length ? made : undefined);
  }
  function draw() {
    body.replaceChildren(...rows.map((row, i) => {
      const path = el("input", { type: "text", value: row.path, "aria-label": `Setting ${i + 1} of the grid`, placeholder: "training.loss",
        oninput: () => { row.path = path.value.trim(); tell(); } });
      const values = el("input", { type: "text", value: row.values, class: "wide", "aria-label": `Values of setting ${i + 1}`,
        placeholder: "cross_entropy, focal", oninput: () => { row.values = values.value; tell(); } });
      const remove = el("button", { type: "button", class: "small ghost", "aria-label": `Remove setting ${i + 1} of the grid`,
        onclick: () => { rows.splice(i, 1); draw(); tell(); } }, "Remove");
      return el("div", { class: "row nowrap" }, withSuggestions(path, field.options), values, remove);
    }));
  }
  draw();
  return root;
}

const INPUTS = { text, number, integer: number, list, text_or_list: textOrList, choice, name, names, switch: toggle,
  network_settings: networkSettings, grid };

export const inputOf = (field, value, context, set) => INPUTS[field.kind](field, value, context, set);

// The element that a label belongs to.
export const labelled = (root) => (root.matches("input, select, textarea") ? root : root.querySelector("input, select") || root);
