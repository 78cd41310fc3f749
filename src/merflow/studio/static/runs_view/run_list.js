// All runs of the config with their scores, in a table that can be sorted.

import { badge } from "../shared/components.js";
import { dataTable } from "../shared/data_table.js";
import { el, fixed, plural } from "../shared/elements.js";
import { guarded } from "../shared/errors.js";

export const factorName = (factor) => (factor === "nested" ? "x*" : factor);

// experiments: of /api/experiments; isOpen(row), open(row): the run that is shown
export function runList(experiments, isOpen, open) {
  const rows = experiments.flatMap((entry) => entry.runs.map((row) => ({ ...row, entry, name: entry.name })));
  const score = (name) => (row) => row.score?.[name];
  // A column of one value is a line below the table instead, so that the others find room.
  const only = (value, ofRows = rows) => (new Set(ofRows.map(value)).size === 1 ? value(ofRows[0]) : undefined);
  const seed = only((row) => row.seed), clips = only(score("n"), rows.filter((row) => row.score));
  const columns = [
    { name: "experiment", value: (row) => row.entry.label },
    { name: "factor", value: (row) => row.factor, show: (row) => el("button", { type: "button", class: "small", "aria-pressed": String(isOpen(row)),
      "aria-label": `Open ${row.name} ${factorName(row.factor)}, seed ${row.seed}`, onclick: guarded(() => open(row)) }, factorName(row.factor)) },
    { name: "UF1", value: score("uf1"), num: true, show: (row) => (row.score ? fixed(row.score.uf1) : state(row)) },
    { name: "95%", value: (row) => (row.score ? `${fixed(row.score.uf1_lo)} to ${fixed(row.score.uf1_hi)}` : null),
      show: (row) => (row.score ? el("span", { class: "soft nowrap" }, `${fixed(row.score.uf1_lo, 2)}–${fixed(row.score.uf1_hi, 2)}`) : "") },
    { name: "UAR", value: score("uar"), num: true, show: (row) => (row.score ? fixed(row.score.uar) : "") },
    { name: "seed", value: (row) => row.seed, num: true, hidden: seed !== undefined },
    { name: "clips", value: score("n"), num: true, show: (row) => row.score?.n ?? "", hidden: clips !== undefined },
    { name: "chance p", value: score("chance_p"), num: true, show: (row) => (row.score ? fixed(row.score.chance_p) : "") },
  ];
  const all = [seed !== undefined && `seed ${seed}`, clips !== undefined && plural(clips, "clip")].filter(Boolean);
  const made = dataTable(columns, rows, { file: "runs", rowClass: (row) => (isOpen(row) ? "open" : null), id: "runs-table" });
  return el("div", { class: "card", id: "run-list" }, el("div", { class: "card-head" }, el("h2", {}, "All runs"), made.button),
    el("div", { class: "scroll" }, made.root), all.length ? el("p", { class: "soft small" }, `Every run: ${all.join(", ")}.`) : null);
}

function state(row) {
  if (row.note) return badge("cannot be read", "bad", { title: row.note });
  return row.folds ? badge(`${plural(row.folds, "fold")} trained`, "info") : badge("not run");
}
