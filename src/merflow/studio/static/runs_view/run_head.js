// The head of a run: its settings, its scores, and what can be done with it.

import { addressOf } from "../shared/address.js";
import { badge } from "../shared/components.js";
import { action, choice, el, fixed } from "../shared/elements.js";
import { icon } from "../shared/icons.js";
import { isRunning, startWorkflow } from "../workflow/workflow.js";
import { factorName } from "./run_list.js";

// run: with the entry of its experiment where its label is known
export const runName = (run) => `${run.entry?.label ?? run.experiment} ${factorName(run.factor)}, seed ${run.seed}`;

// entry: the experiment; others: runs to compare with; compared: the chosen one's address, or "";
// compare(address): called with another choice
export function runHead(run, entry, score, others, compared, compare) {
  const start = action(score ? "Run again" : "Start", "g", () => startWorkflow("experiment", entry.name),
    { "data-start": entry.name, disabled: isRunning(), icon: "play", class: "small", kind: score ? "" : "primary", "aria-label": `Start ${entry.name}` });
  const against = choice("Compare with another run", [["", "Compare with…"], ...others.map((one) => [addressOf(one.experiment, one.factor, one.seed), runName(one)])], compare, compared);
  against.id = "against";
  const about = [entry.method, entry.preparation, `scheme ${entry.scheme}`, `protocol ${entry.protocol}`, `datasets ${entry.collection}`,
    ...(entry.control === "none" ? [] : [`control: ${entry.control}`])];
  return el("div", { class: "card", id: "run-head" },
    el("div", { class: "card-head" }, el("h2", {}, runName({ ...run, entry })), others.length ? against : null, start,
      el("a", { class: "button small", href: "#test", id: "to-test-run" }, icon("test"), "Test it")),
    el("div", { class: "tags soft small" }, about.map((text) => el("span", {}, text))),
    score ? el("div", { class: "tiles" }, tile("UF1", score.uf1, `95%: ${fixed(score.uf1_lo)} to ${fixed(score.uf1_hi)}`), tile("UAR", score.uar, `95%: ${fixed(score.uar_lo)} to ${fixed(score.uar_hi)}`),
      tile("Accuracy", score.acc, `${score.n} clips`), tile("Guessing", score.guess_uf1, `UF1; chance p ${fixed(score.chance_p)}`)) : null,
    score?.note ? el("p", {}, badge(score.note, "warn")) : null);
}

const tile = (name, value, more) => el("div", { class: "tile" }, el("span", { class: "soft small" }, name), el("strong", { class: "num" }, fixed(value)), el("span", { class: "soft small num" }, more));
