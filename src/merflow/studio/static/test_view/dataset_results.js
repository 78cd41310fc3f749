// The results of a test on a dataset.

import { confusionCard } from "../runs_view/confusion_matrix.js";
import { subjectsCard, wrongCard } from "../runs_view/predictions.js";
import { el, plural } from "../shared/elements.js";

export function datasetResults(result) {
  const untested = Object.entries(result.untested).map(([subject, count]) => `${subject} (${count})`);
  const { tested, by_fold, without_class, skipped } = result;
  const lines = [`${plural(tested, "clip")} predicted: ${by_fold} by the fold that tests their subject, ${tested - by_fold} by the final model.`];
  if (without_class) lines.push(`Clips without one of the classes: ${without_class}.`);
  if (skipped.length) lines.push(`Not prepared, or skipped by a stage: ${skipped.join(", ")}.`);
  if (untested.length) lines.push(`Not tested, because they were in training and no fold tests them: ${untested.join(", ")}.`);
  return el("div", { class: "stack", id: "results" }, el("p", {}, lines.join(" ")),
    confusionCard(result), subjectsCard(result), wrongCard(result));
}
