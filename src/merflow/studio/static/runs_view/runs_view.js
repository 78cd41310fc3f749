// The Runs view: all runs with their scores, one run in detail, two runs compared.

import { addressOf, setAddress } from "../shared/address.js";
import { get, url } from "../shared/api.js";
import { emptyState } from "../shared/components.js";
import { el } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { setPage } from "../shared/page.js";
import { outputPanel } from "../workflow/output_panel.js";
import { isRunning, onWorkflow } from "../workflow/workflow.js";
import { comparisonCard } from "./comparison.js";
import { confusionCard } from "./confusion_matrix.js";
import { subjectsCard, wrongCard } from "./predictions.js";
import { runHead, runName } from "./run_head.js";
import { factorName, runList } from "./run_list.js";
import { curvesCard } from "./training_curves.js";

export async function runsView(view, [experiment, factor, seed]) {
  const top = el("div", { class: "stack" });
  const run = el("div", { class: "stack", id: "run" });
  const output = outputPanel();
  view.append(el("div", { class: "runs" }, el("div", { class: "stack" }, top, output.panel), run));
  let chosen = experiment ? { experiment, factor, seed } : null;
  let against = null, experiments = [], turn = 0, curvesOf = null;

  const runUrl = (one, ...more) => url("runs", one.experiment, one.factor, one.seed, ...more);
  const same = (one, other) => !!one && !!other && one.experiment === other.experiment && one.factor === other.factor && String(one.seed) === String(other.seed);
  const rows = () => experiments.flatMap((entry) => entry.runs.map((row) => ({ ...row, experiment: entry.name, entry })));
  const rowOf = (one) => rows().find((row) => same(row, one));

  function choose(row) {
    chosen = { experiment: row.experiment ?? row.name, factor: row.factor, seed: String(row.seed) };
    if (same(chosen, against)) against = null;
    setAddress("runs", chosen.experiment, chosen.factor, chosen.seed);
  }

  async function list() {
    ({ experiments } = await get("/api/experiments"));
    if (!view.isConnected) return;
    if (!experiments.length) {
      top.replaceChildren(el("div", { class: "card" }, emptyState("runs", "No experiment yet", "Runs and their scores appear here.",
        el("a", { class: "button primary", href: "#experiments" }, "New experiment"))));
      return;
    }
    if (!chosen) {
      const row = rows().find((one) => one.score);
      if (row) choose(row);
    }
    top.replaceChildren(runList(experiments, (row) => same({ ...row, experiment: row.name }, chosen), async (row) => {
      choose(row);
      await list();
      await showRun();
    }));
  }

  async function compare(address) {
    against = rows().find((row) => addressOf(row.experiment, row.factor, row.seed) === address) || null;
    await showRun();
  }

  async function showRun() {
    if (!chosen) return;
    const mine = ++turn;
    const row = rowOf(chosen);
    const [{ folds }, facts] = await Promise.all([get(runUrl(chosen, "curves")), row?.score || row?.note ? get(runUrl(chosen)) : null]);
    const other = against && { name: runName(against), folds: (await get(runUrl(against, "curves"))).folds };
    const compared = against && facts ? await comparisonCard(chosen, against, facts.scores, (await get(runUrl(against))).scores) : null;
    if (mine !== turn || !view.isConnected) return;
    setPage(`${chosen.experiment} ${factorName(chosen.factor)}`, [["Runs", "#runs"]]);
    const file = `${chosen.experiment}_${factorName(chosen.factor).replace("*", "chosen")}_seed${chosen.seed}`;
    const others = rows().filter((one) => one.score && !same(one, chosen));
    const head = row ? runHead(chosen, row.entry, row.score, others, against ? addressOf(against.experiment, against.factor, against.seed) : "", compare) : "";
    curvesOf = (now) => curvesCard(now, file, other);
    const curves = curvesOf(folds);
    if (!facts) run.replaceChildren(head, curves, el("div", { class: "card soft" }, "No scores yet: they are computed after all folds are trained."));
    else run.replaceChildren(head, ...(compared ? [compared] : []), el("div", { class: "details" }, confusionCard(facts, file), curves,
      wrongCard(facts, [chosen.experiment, chosen.factor, chosen.seed], file), subjectsCard(facts, file)));
  }

  // While folds train, their curves grow one epoch at a time.
  async function updateCurves() {
    const old = run.querySelector("#curves");
    if (!chosen || !old) return;
    const mine = turn;
    const { folds } = await get(runUrl(chosen, "curves"));
    if (mine === turn && !old.update(folds)) run.querySelector("#curves")?.replaceWith(curvesOf(folds));
  }

  await list();
  await showRun();
  if (!view.isConnected) { output.leave(); return undefined; }
  let done = -1, was = false;
  const leave = onWorkflow((state) => {
    for (const button of run.querySelectorAll("[data-start]")) button.disabled = isRunning();
    // After each finished step there may be new folds or scores.
    if ((isRunning() && state.done !== done) || was !== isRunning()) {
      if (done >= 0 || was) list().then(showRun).catch(fail);
      done = state.done ?? 0;
      was = isRunning();
    } else if (isRunning()) updateCurves().catch(fail);
  });
  return () => { leave(); output.leave(); turn++; };
}
