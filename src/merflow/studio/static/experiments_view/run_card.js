// An experiment as work: what will run and how long, start, progress, stop; its runs and their models.

import { addressOf } from "../shared/address.js";
import { get } from "../shared/api.js";
import { badge, note, progressBar } from "../shared/components.js";
import { action, el, plural, table } from "../shared/elements.js";
import { reasonOf } from "../shared/reason.js";
import { progressText } from "../workflow/status.js";
import { isRunning, onWorkflow, startWorkflow, stopWorkflow, workflowState } from "../workflow/workflow.js";

const STEPS = { align: "Align faces", crop: "Crop", magnify: "Magnify", interpolate: "Interpolate", flow: "Optical flow",
  pack: "Pack clips", pretrain: "Pretrain", train: "Train folds", score: "Score", choose: "Choose (nested)" };

const FAILURE_LINES = 12;

// dirty(): whether the form has changes that are not saved; leave() ends it.
export function runCard(name, runs, dirty) {
  const start = action("Run this experiment", "g", () => startWorkflow("experiment", name), { kind: "primary", icon: "play", id: "run-experiment" });
  const why = reasonOf(start);
  const work = el("div", { id: "plan", class: "stack" }, el("p", { class: "soft" }, "Reading what will run…"));
  const progress = el("div", { class: "stack", id: "progress" });
  const list = el("div", { id: "runs-of" });
  const root = el("div", { class: "card stack" }, el("h2", {}, "Run it"), work, el("div", { class: "row" }, start, why), progress, list);
  list.replaceChildren(runsTable(runs));

  const update = () => {
    const state = workflowState();
    why.set(isRunning() ? `“${state.title}” is running; stop it or wait.` : dirty() ? "Save or undo the changes first." : "");
    progress.replaceChildren(...(isRunning() ? running(state) : failure(state, name)));
    for (const button of list.querySelectorAll("[data-final]")) button.disabled = isRunning();
  };
  async function plan() {
    try {
      const found = await get(`/api/config/plan/${encodeURIComponent(name)}`);
      work.replaceChildren(...planParts(found));
    } catch (error) { work.replaceChildren(note("warn", el("p", {}, "It cannot run yet."), el("pre", { class: "log" }, error.message))); }
  }
  const leave = onWorkflow(update);
  plan();
  return { root, update, plan, leave, showRuns: (found) => { list.replaceChildren(runsTable(found)); update(); } };
}

function running(state) {
  return [el("div", { class: "row" }, el("strong", { class: "grow" }, state.title), el("span", { class: "num" }, progressText(state))),
    progressBar("jobs done", state.done, state.total), state.now ? el("p", { class: "soft small" }, `Now: ${state.now}`) : null,
    el("div", { class: "row" }, action("Stop", "", stopWorkflow, { kind: "danger", icon: "stop", class: "small", id: "stop-run", disabled: state.state === "stopping" }))].filter((part) => part);
}

// What stopped the last run of this experiment; it stays until another run starts.
function failure(state, name) {
  if (state.state !== "failed" || state.title !== `Experiment ${name}`) return [];
  const found = state.lines.filter((line) => /^(FAILED:|  \|)/.test(line)).map((line) => line.replace(/^  \| ?/, ""));
  return [note("bad", el("p", {}, el("strong", {}, "The last run failed. "), "Correct the cause and run again: finished steps are not repeated."),
    found.length ? el("pre", { class: "log", tabindex: 0, "aria-label": "Cause of the failure" }, found.slice(0, FAILURE_LINES).join("\n")) : null)];
}

function planParts(plan) {
  const facts = `${plural(plan.runs, "run")} on ${plural(plan.clips, "clip")}.`;
  const warnings = plan.warnings.length ? [note("warn", plan.warnings.map((text) => el("p", {}, text)))] : [];
  if (!plan.new) return [note("good", el("p", {}, `${facts} Everything is ready; nothing has to run.`)), ...warnings];
  const rough = plan.measured ? "rough, from what its folds took here" : "rough: none of its folds was timed here yet";
  const rows = plan.steps.map((row) => [STEPS[row.step] || row.step, row.total, row.total - row.new, row.new]);
  const reasons = plan.reasons.length ? [el("details", {}, el("summary", {}, "Why some of it runs again"),
    el("ul", { class: "small" }, plan.reasons.map((text) => el("li", {}, text))))] : [];
  return [el("p", {}, facts, " ", el("strong", {}, `About ${span(...plan.seconds)}`), ` with ${plural(plan.cores, "core")} (${rough}).`),
    table(["step", "all", "ready", "to do"], rows, { class: "wide plan" }), ...reasons, ...warnings];
}

// A span of seconds, rounded, with one unit.
function span(low, high) {
  const [size, unit] = high < 120 ? [10, "s"] : high < 5400 ? [60, "min"] : [3600, "h"];
  const shown = [low, high].map((value) => (unit === "h" ? +(value / size).toFixed(1) : Math.max(1, Math.round(value / size)) * (unit === "s" ? 10 : 1)));
  return shown[0] === shown[1] ? `${shown[0]} ${unit}` : `${shown[0]} to ${shown[1]} ${unit}`;
}

function runsTable(runs) {
  if (!runs.length) return el("p", { class: "soft" }, "It has no runs.");
  const cell = (...parts) => el("td", {}, parts);
  const rows = runs.map((run) => el("tr", {}, cell(run.factor === "nested" ? "x*" : run.factor), cell(String(run.seed)), cell(stateOf(run)),
    el("td", { class: "links" }, ...linksOf(run))));
  return el("div", { class: "scroll" }, table(["factor", "seed", "state", ""], rows, { class: "wide" }));
}

function stateOf(run) {
  if (run.scored) return badge("scored", "good");
  return run.folds ? badge(`${plural(run.folds, "fold")} trained`, "info") : badge("not run");
}

function linksOf(run) {
  const place = `${run.experiment} ${run.factor} seed ${run.seed}`;
  const links = [];
  if (run.folds || run.scored) links.push(el("a", { href: addressOf("runs", run.experiment, run.factor, String(run.seed)), "aria-label": `Curves and table of ${place}` }, "Curves and table"));
  if (run.final) links.push(el("a", { href: addressOf("test", run.folder), "aria-label": `Test ${place}` }, "Test it"));
  else if (run.can_be_final) {
    links.push(action("Train final model", "", () => startWorkflow("final", run.folder), { class: "small", "data-final": "", disabled: isRunning(), "aria-label": `Train the final model of ${place}` }));
  }
  return links;
}
