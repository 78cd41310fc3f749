// The choice of the run that is tested, and the training of its final model.

import { action, choice, el, plural } from "../shared/elements.js";
import { reasonOf } from "../shared/reason.js";
import { isRunning, startWorkflow, workflowState } from "../workflow/workflow.js";
import { saveSettings, settings } from "./settings.js";

export const chosenRun = (known) => known.runs.find((run) => run.folder === settings.run);
export const runName = (run) => `${run.experiment} ${run.factor} seed ${run.seed}`;

// changed: called after another run was chosen. Returns { root, update }: update after changes of the
// workflow.
export function runCard(known, changed) {
  const { runs } = known;
  const run = chosenRun(known);
  const set = (folder) => { if (folder === settings.run) return; settings.run = folder; saveSettings(); changed(); };
  const name = (one) => `${runName(one)}${one.model ? "" : " (no final model)"}`;
  const select = choice("Run", runs.map((one) => [one.folder, name(one)]), set, settings.run);
  const next = runs.length < 2 ? null
    : action("Next run", "n", () => set(runs[(runs.indexOf(run) + 1) % runs.length].folder), { class: "small" });
  const train = action("Train it", "f", () => startWorkflow("final", run.folder), { "data-final": "", icon: "play" });
  const why = reasonOf(train);
  const root = el("div", { class: "card stack", id: "run-card" }, el("h2", {}, "Run"), el("div", { class: "row" }, select, next), modelParts(run, train, why));
  return { root, update: () => why.set(isRunning() ? `“${workflowState().title}” is running; stop it or wait.` : "") };
}

function modelParts(run, train, why) {
  if (!run) return [el("p", { class: "soft" }, "The config has no experiment. ", el("a", { href: "#experiments" }, "Make one"))];
  if (run.model) {
    return [el("p", { class: "soft" }, `Classes: ${run.model.classes.join(", ")}. Trained on ${plural(run.model.subjects, "subject")}.`),
      el("p", { class: "soft small" }, run.model.score_text)];
  }
  return [el("p", { class: run.note ? "bad" : "soft" }, run.note || "It has no final model yet: a model trained on all labelled clips."),
    el("div", { class: "row" }, train, why)];
}
