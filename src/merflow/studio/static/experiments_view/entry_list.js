// The list of experiments, preparations and collections of the project.

import { addressOf } from "../shared/address.js";
import { badge } from "../shared/components.js";
import { action, el } from "../shared/elements.js";

export const SECTIONS = {
  experiments: ["Experiments", "experiment", "New experiment", "n"],
  preparations: ["Preparations", "preparation", "New preparation", ""],
  collections: ["Collections of datasets", "collection", "New collection", ""],
};

// known: the reply of /api/config; chosen: {section, name}; create(section): a new entry.
export function entryList(known, chosen, drafts, create) {
  return el("nav", { class: "stack", id: "entry-list", "aria-label": "Experiments and preparations" },
    Object.entries(SECTIONS).map(([section, [title, , label, key]]) => el("section", { class: "card" },
      el("div", { class: "card-head" }, el("h2", {}, title),
        action(label, key, () => create(section), { icon: "plus", iconOnly: true, class: "ghost", "data-new": section })),
      el("ul", { class: "entry-list" }, names(known, section, drafts).map((name) => row(known, section, name, chosen, drafts))))));
}

const names = (known, section, drafts) => [...Object.keys(known[section]),
  ...[...drafts.values()].filter((one) => one.section === section && one.was === null).map((one) => one.key)];

function row(known, section, name, chosen, drafts) {
  const here = chosen && chosen.section === section && chosen.key === name;
  const values = known[section][name];
  return el("li", {}, el("a", { href: addressOf("experiments", section, name), "aria-current": here ? "true" : null },
    el("span", { class: "name" }, name || "(no name)"), el("span", { class: "about" }, about(known, section, name, values)),
    drafts.get(`${section}/${name}`)?.dirty ? badge("not saved", "warn") : null));
}

function about(known, section, name, values) {
  if (!values) return "new";
  if (section === "collections") return `${values.length} dataset${values.length === 1 ? "" : "s"}`;
  if (section === "preparations") return values.kind === "flow" ? "flow" : values.magnify?.method || "phase";
  const runs = known.runs[name] || [], scored = runs.filter((run) => run.scored).length;
  const method = (values.method ?? "keras") === "keras" ? values.network || "cnn3d" : values.method;
  return `${method} · ${runs.length ? `${scored} of ${runs.length} runs scored` : "no runs"}`;
}
