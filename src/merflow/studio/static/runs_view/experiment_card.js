// One experiment: its settings, its runs with their scores, the button that starts it.

import { action, el, fixed, plural, table } from "../shared/elements.js";
import { guarded } from "../shared/errors.js";
import { isRunning, startWorkflow } from "../workflow/workflow.js";

export function experimentCard(entry, chosen, open) {
  const isOpen = chosen?.experiment === entry.name;
  const start = action("Start", isOpen ? "g" : "", () => startWorkflow("experiment", entry.name),
    { "data-start": entry.name, disabled: isRunning(), "aria-label": `Start ${entry.name}` });
  const about = `${entry.method} · ${entry.preparation} · scheme ${entry.scheme} · protocol ${entry.protocol} · datasets ${entry.collection}`
    + (entry.control === "none" ? "" : ` · control: ${entry.control}`);
  const rows = entry.runs.map((row) => {
    const shown = isOpen && chosen.factor === row.factor && chosen.seed === String(row.seed);
    const button = el("button", { type: "button", onclick: guarded(() => open(entry.name, row)), "aria-pressed": String(shown) },
      row.factor === "nested" ? "x*" : row.factor);
    return el("tr", { class: shown ? "open" : "" },
      [button, row.seed, ...scoreCells(row)].map((cell) => el("td", {}, cell instanceof Node ? cell : String(cell))));
  });
  return el("div", { class: "card scroll" }, el("div", { class: "row" }, el("h2", {}, entry.name), start),
    el("div", { class: "soft" }, about),
    table(["factor", "seed", "clips", "UF1 [95%]", "UAR", "chance p"], rows, { class: "wide" }));
}

function scoreCells({ score, note, folds }) {
  if (!score) return ["", note || (folds ? `${plural(folds, "fold")} trained` : "not run"), "", ""];
  return [score.n, `${fixed(score.uf1)} [${fixed(score.uf1_lo)}, ${fixed(score.uf1_hi)}]`, fixed(score.uar), fixed(score.chance_p)];
}
