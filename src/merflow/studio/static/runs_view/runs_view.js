// The Runs view: experiments with their scores, and one run in detail.

import { setAddress } from "../shared/address.js";
import { get, url } from "../shared/api.js";
import { el } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { outputPanel } from "../workflow/output_panel.js";
import { isRunning, onWorkflow } from "../workflow/workflow.js";
import { confusionCard } from "./confusion_matrix.js";
import { experimentCard } from "./experiment_card.js";
import { subjectsCard, wrongCard } from "./predictions.js";
import { curvesCard } from "./training_curves.js";

export async function runsView(view, [experiment, factor, seed]) {
  const top = el("div", { class: "stack" });
  const run = el("div", { class: "stack", id: "run" });
  const output = outputPanel();
  view.append(el("div", { class: "pair" }, el("div", { class: "stack" }, top, output.panel), run));
  let chosen = experiment ? { experiment, factor, seed } : null;
  let turn = 0, scored = false;

  const runUrl = () => url("runs", chosen.experiment, chosen.factor, chosen.seed);

  function choose(name, row) {
    chosen = { experiment: name, factor: row.factor, seed: String(row.seed) };
    setAddress("runs", name, row.factor, row.seed);
  }

  async function open(name, row) {
    choose(name, row);
    await list();
    await showRun();
  }

  async function list() {
    const { experiments } = await get("/api/experiments");
    if (!view.isConnected) return;
    if (!chosen) {
      const entry = experiments.find((one) => one.runs.some((row) => row.score));
      if (entry) choose(entry.name, entry.runs.find((row) => row.score));
    }
    const row = chosen && experiments.find((one) => one.name === chosen.experiment)
      ?.runs.find((one) => one.factor === chosen.factor && String(one.seed) === chosen.seed);
    scored = !!row?.score || !!row?.note;
    top.replaceChildren(...experiments.map((entry) => experimentCard(entry, chosen, open)));
    if (!experiments.length) top.append(el("p", { class: "soft" }, "The config has no experiment."));
  }

  async function showRun() {
    if (!chosen) return;
    const mine = ++turn;
    const { folds } = await get(`${runUrl()}/curves`);
    const facts = scored ? await get(runUrl()) : null;
    if (mine !== turn) return;
    const title = el("h2", {}, `${chosen.experiment} ${chosen.factor}, seed ${chosen.seed}`);
    if (!facts) run.replaceChildren(title, curvesCard(folds), el("div", { class: "card soft" }, "No scores yet: they are computed after all folds are trained."));
    else run.replaceChildren(title, confusionCard(facts), curvesCard(folds), subjectsCard(facts), wrongCard(facts));
  }

  // While folds train, their curves grow one epoch at a time.
  async function updateCurves() {
    const old = run.querySelector("#curves");
    if (!chosen || !old) return;
    const mine = turn;
    const { folds } = await get(`${runUrl()}/curves`);
    if (mine === turn && !old.contains(document.activeElement)) run.querySelector("#curves")?.replaceWith(curvesCard(folds));
  }

  await list();
  await showRun();
  if (!view.isConnected) { output.leave(); return undefined; }
  let done = -1, was = false;
  const leave = onWorkflow((state) => {
    for (const button of top.querySelectorAll("[data-start]")) button.disabled = isRunning();
    // After each finished step there may be new folds or scores.
    if ((isRunning() && state.done !== done) || was !== isRunning()) {
      if (done >= 0 || was) list().then(showRun).catch(fail);
      done = state.done ?? 0;
      was = isRunning();
    } else if (isRunning()) updateCurves().catch(fail);
  });
  return () => { leave(); output.leave(); turn++; };
}
