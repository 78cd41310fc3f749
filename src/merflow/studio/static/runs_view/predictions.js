// Tables of a run's predictions: correct ones by subject, and every wrong one.

import { addressOf } from "../shared/address.js";
import { dataTable } from "../shared/data_table.js";
import { el, fixed } from "../shared/elements.js";

export function subjectsCard(facts, file = "run") {
  const columns = [
    { name: "dataset", value: (row) => row.dataset },
    { name: "subject", value: (row) => row.subject },
    { name: "clips", value: (row) => row.clips, num: true },
    { name: "correct", value: (row) => row.right, num: true },
    ...facts.classes.map((name) => ({ name, value: (row) => row.by_class[name]?.[0] ?? null,
      show: (row) => (row.by_class[name] ? `${row.by_class[name][0]} of ${row.by_class[name][1]}` : ""), num: true })),
  ];
  return card("subjects", "Correct predictions by subject", dataTable(columns, facts.subjects, { file: `${file}_subjects` }));
}

// run: [experiment, factor, seed] of a run of this project: its prediction is shown with the clip.
export function wrongCard(facts, run = [], file = "run") {
  const columns = [
    { name: "clip", value: (row) => row.key.join("/"), show: (row) => el("a", { href: addressOf("clips", ...row.key, ...run) }, row.key.join("/")) },
    { name: "truth", value: (row) => row.truth },
    { name: "prediction", value: (row) => row.predicted },
    { name: "p prediction", value: (row) => row.p, show: (row) => fixed(row.p, 2), num: true },
    { name: "p truth", value: (row) => row.p_truth, show: (row) => fixed(row.p_truth, 2), num: true },
  ];
  return card("wrong", `Wrong predictions (${facts.wrong.length})`, dataTable(columns, facts.wrong, { file: `${file}_wrong`, sort: "-p prediction" }));
}

function card(id, title, { root, button }) {
  return el("div", { class: "card", id }, el("div", { class: "card-head" }, el("h2", {}, title), button),
    el("div", { class: "tall", tabindex: 0, role: "group", "aria-label": title }, root));
}
