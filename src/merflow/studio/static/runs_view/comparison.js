// Two runs on the same clips: their scores side by side, and the paired difference over subjects.

import { get, url } from "../shared/api.js";
import { badge, note } from "../shared/components.js";
import { dataTable } from "../shared/data_table.js";
import { el, fixed } from "../shared/elements.js";
import { runName } from "./run_head.js";

// run, other: {experiment, factor, seed}; mine, theirs: scores by part
export async function comparisonCard(run, other, mine, theirs) {
  const title = el("h2", {}, `${runName(run)} against ${runName(other)}`);
  const card = (...parts) => el("div", { class: "card", id: "comparison" }, parts);
  const { effects, unlike } = await get(url("runs", run.experiment, run.factor, run.seed, "against", other.experiment, other.factor, other.seed));
  if (unlike) return card(title, note("warn", unlike));
  const of = (scores, row) => scores.find((one) => one.part === row.part)?.[row.metric];
  const columns = [
    { name: "part", value: (row) => row.part, show: (row) => (row.part === "full" ? "all clips" : row.part) },
    { name: "score", value: (row) => row.metric.toUpperCase() },
    { name: "this run", value: (row) => of(mine, row), show: (row) => fixed(of(mine, row)), num: true },
    { name: "other run", value: (row) => of(theirs, row), show: (row) => fixed(of(theirs, row)), num: true },
    { name: "difference", value: (row) => row.difference, show: (row) => signed(row.difference), num: true },
    { name: "from", value: (row) => row.lo, show: (row) => signed(row.lo), num: true },
    { name: "to", value: (row) => row.hi, show: (row) => signed(row.hi), num: true },
    { name: "p", value: (row) => row.p_holm, show: (row) => fixed(row.p_holm), num: true },
  ];
  const made = dataTable(columns, effects, { file: "comparison" });
  const few = effects.find((row) => row.note)?.note;
  return card(el("div", { class: "card-head" }, title, made.button), el("div", { class: "scroll" }, made.root),
    el("p", { class: "soft small" }, "Difference with its 95% interval over subjects; p of a test that swaps whole subjects, Holm-corrected over the parts of a score. Given the trained folds."),
    few ? el("p", {}, badge(few, "warn")) : null);
}

const signed = (value) => (value == null ? "–" : `${value > 0 ? "+" : ""}${value.toFixed(3)}`);
