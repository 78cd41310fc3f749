// The choice of the run that is tested, and the training of its final model.

import { action, choice, el, plural } from "../shared/elements.js";
import { isRunning, startWorkflow } from "../workflow/workflow.js";
import { saveSettings, settings } from "./settings.js";

export const chosenRun = (known) => known.runs.find((run) => run.folder === settings.run);

// changed: called after another run was chosen
export function runCard(known, changed) {
  const { runs } = known;
  const run = chosenRun(known);
  const set = (folder) => { settings.run = folder; saveSettings(); changed(); };
  const name = (one) => `${one.experiment} ${one.factor} seed ${one.seed}${one.model ? "" : " (no final model)"}`;
  const select = choice("Run", runs.map((one) => [one.folder, name(one)]), set, settings.run);
  const next = action("Next run", "n", () => set(runs[(runs.indexOf(run) + 1) % runs.length].folder), { disabled: runs.length < 2 });
  return el("div", { class: "card", id: "run-card" }, el("h2", {}, "Run"), el("div", { class: "row" }, select, next), modelParts(run));
}

function modelParts(run) {
  if (!run) return [el("p", { class: "soft" }, "The config has no experiment.")];
  if (run.model) {
    return [el("p", { class: "soft" }, `Classes: ${run.model.classes.join(", ")}. Trained on ${plural(run.model.subjects, "subject")}.`),
      el("p", { class: "soft" }, run.model.score_text)];
  }
  return [el("p", { class: run.note ? "bad" : "soft" }, run.note || "It has no final model yet: a model trained on all labelled clips."),
    action("Train it", "f", () => startWorkflow("final", run.folder), { "data-final": "", disabled: isRunning() })];
}
