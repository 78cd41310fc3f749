// The Runs view: experiments, their scores, and one run looked at closely.

import { get, url } from "./api.js";
import { chart } from "./chart.js";
import { busy, jobPanel, onJob, startJob } from "./job.js";
import { action, choice, el, fail, fixed, guarded, keepAddress, table } from "./ui.js";

const kept = { part: "full", curve: "loss", fold: "" };

export async function runsView(view, [experiment, factor, seed]) {
  const top = el("div", { class: "stack" });
  const run = el("div", { class: "stack", id: "run" });
  const output = jobPanel();
  view.append(el("div", { class: "pair" }, el("div", { class: "stack" }, top, output.panel), run));
  let chosen = experiment ? { experiment, factor, seed } : null;
  let turn = 0, scored = false;

  function choose(name, row) {
    chosen = { experiment: name, factor: row.factor, seed: String(row.seed) };
    keepAddress("runs", name, row.factor, row.seed);
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
    top.replaceChildren(...experiments.map((entry) => card(entry, chosen, open)));
    if (!experiments.length) top.append(el("p", { class: "soft" }, "The config names no experiment."));
  }

  async function showRun() {
    if (!chosen) return;
    const mine = ++turn;
    const at = url("runs", chosen.experiment, chosen.factor, chosen.seed);
    const curves = await get(`${at}/curves`);
    const facts = scored ? await get(at) : null;
    if (mine === turn) renderRun(run, chosen, facts, curves.folds);
  }

  // While folds train, their curves grow an epoch at a time.
  async function growCurves() {
    const old = run.querySelector("#curves");
    if (!chosen || !old) return;
    const mine = turn;
    const { folds } = await get(`${url("runs", chosen.experiment, chosen.factor, chosen.seed)}/curves`);
    if (mine === turn && !old.contains(document.activeElement)) run.querySelector("#curves")?.replaceWith(curvesCard(folds));
  }

  await list();
  await showRun();
  if (!view.isConnected) { output.leave(); return undefined; }
  let done = -1, was = false;
  const leave = onJob((state) => {
    for (const button of top.querySelectorAll("[data-start]")) button.disabled = busy();
    // A finished job may have brought folds or scores: look again.
    if ((busy() && state.done !== done) || was !== busy()) {
      if (done >= 0 || was) list().then(showRun).catch(fail);
      done = state.done ?? 0;
      was = busy();
    } else if (busy()) growCurves().catch(fail);
  });
  return () => { leave(); output.leave(); turn++; };
}

function card(entry, chosen, open) {
  const start = action("Start", chosen?.experiment === entry.name ? "g" : "", () => startJob("experiment", entry.name),
    { "data-start": entry.name, disabled: busy(), "aria-label": `Start ${entry.name}` });
  const about = `${entry.method} · ${entry.preparation} · scheme ${entry.scheme} · protocol ${entry.protocol} · datasets ${entry.collection}`
    + (entry.control === "none" ? "" : ` · control: ${entry.control}`);
  const rows = entry.runs.map((row) => {
    const score = row.score;
    const on = chosen?.experiment === entry.name && chosen.factor === row.factor && chosen.seed === String(row.seed);
    const pick = el("button", { type: "button", onclick: guarded(() => open(entry.name, row)), "aria-pressed": String(on) },
      row.factor === "nested" ? "x*" : row.factor);
    const cells = score ? [score.n, `${fixed(score.uf1)} [${fixed(score.uf1_lo)}, ${fixed(score.uf1_hi)}]`, fixed(score.uar), fixed(score.chance_p)]
      : ["", row.note || (row.folds ? `${row.folds} folds trained` : "not run"), "", ""];
    return el("tr", { class: on ? "open" : "" }, [pick, row.seed, ...cells].map((cell) => el("td", {}, cell instanceof Node ? cell : String(cell))));
  });
  return el("div", { class: "card scroll" }, el("div", { class: "row" }, el("h2", {}, entry.name), start),
    el("div", { class: "soft" }, about),
    table(["factor", "seed", "clips", "UF1 [95%]", "UAR", "chance p"], rows, { class: "wide" }));
}

function renderRun(place, chosen, facts, folds) {
  const title = `${chosen.experiment} ${chosen.factor}, seed ${chosen.seed}`;
  const parts = [el("h2", {}, title)];
  if (!facts) parts.push(el("div", { class: "card soft" }, "No scores yet: they come when all folds are trained."));
  else parts.push(confusionCard(facts), subjectsCard(facts), wrongCard(facts));
  parts.splice(facts ? 2 : 1, 0, curvesCard(folds));
  place.replaceChildren(...parts);
}

export function confusionCard(facts) {
  const names = Object.keys(facts.confusion);
  if (!names.includes(kept.part)) kept.part = "full";
  const body = el("div", {});
  const draw = () => {
    const matrix = facts.confusion[kept.part];
    const score = facts.scores.find((row) => row.part === kept.part);
    const rows = matrix.map((row, i) => {
      const all = row.reduce((a, b) => a + b, 0) || 1;
      return el("tr", {}, el("th", {}, facts.classes[i]), row.map((count, j) => {
        const cell = el("td", { title: `${count} of ${all} ${facts.classes[i]} answered ${facts.classes[j]}` }, String(count));
        cell.style.background = `color-mix(in srgb, var(${i === j ? "--good" : "--bad"}) ${Math.round((count / all) * 45)}%, transparent)`;
        return cell;
      }));
    });
    body.replaceChildren(table(["truth \\ answer", ...facts.classes], rows, { class: "matrix" }),
      score ? el("p", { class: "soft" }, `UF1 ${fixed(score.uf1)} [${fixed(score.uf1_lo)}, ${fixed(score.uf1_hi)}], UAR ${fixed(score.uar)}, accuracy ${fixed(score.acc)}; largest class ${fixed(score.floor_uf1)}, guessing ${fixed(score.guess_uf1)}${score.note ? `; ${score.note}` : ""}`) : "");
  };
  draw();
  const pick = choice("Part", names.map((name) => [name]), (v) => { kept.part = v; draw(); }, kept.part);
  return el("div", { class: "card scroll", id: "confusion" }, el("div", { class: "row" }, el("h2", {}, "Confusion matrix"), pick,
    action("Next part", "v", () => { pick.selectedIndex = (pick.selectedIndex + 1) % names.length; kept.part = pick.value; draw(); })), body);
}

function training(folds) {
  const now = Object.keys(folds).filter((name) => folds[name].live);
  return now.length ? `; in training: ${now.join(", ")}` : "";
}

function curvesCard(folds) {
  const names = Object.keys(folds);
  const box = el("div", { class: "card", id: "curves" });
  if (!names.length) {
    box.append(el("h2", {}, "Training curves"), el("p", { class: "soft" }, "None: no fold has been trained, or the method has no epochs."));
    return box;
  }
  const columns = [...new Set(names.flatMap((name) => Object.keys(folds[name].columns)))].filter((name) => name !== "epoch");
  if (!columns.includes(kept.curve)) kept.curve = columns[0];
  const body = el("div", {});
  const draw = () => {
    const one = names.includes(kept.fold) ? kept.fold : "";
    const series = names.map((name, i) => ({ name, colour: i, faint: one && name !== one,
      xs: folds[name].columns.epoch, ys: folds[name].columns[kept.curve] || [] })).filter((line) => line.ys.length);
    body.replaceChildren(chart(series, { x: "epoch", y: kept.curve, height: 170 }).root,
      el("div", { class: "legend" }, one ? `${one}; the other folds are faint` : `${names.length} folds, a line each${training(folds)}`));
  };
  draw();
  const what = choice("Curve", columns.map((name) => [name]), (v) => { kept.curve = v; draw(); }, kept.curve);
  const fold = choice("Fold", [["", "all folds"], ...names.map((name) => [name])], (v) => { kept.fold = v; draw(); }, kept.fold);
  box.append(el("div", { class: "row" }, el("h2", {}, "Training curves"), what, fold,
    action("Next fold", "l", () => { fold.selectedIndex = (fold.selectedIndex + 1) % fold.options.length; kept.fold = fold.value; draw(); })), body);
  return box;
}

export function subjectsCard(facts) {
  const rows = facts.subjects.map((row) => [row.dataset, row.subject, row.clips, `${row.right}`,
    ...facts.classes.map((name) => (row.by_class[name] ? `${row.by_class[name][0]} of ${row.by_class[name][1]}` : ""))]);
  return el("div", { class: "card scroll", id: "subjects" }, el("h2", {}, "Right answers of each subject"),
    el("div", { class: "tall", tabindex: 0 }, table(["dataset", "subject", "clips", "right", ...facts.classes], rows, { class: "wide" })));
}

export function wrongCard(facts) {
  const rows = facts.wrong.map((row) => {
    const link = el("a", { href: `#${["clips", ...row.key].map(encodeURIComponent).join("/")}` }, row.key.join("/"));
    return [link, row.truth, row.predicted, fixed(row.p, 2), fixed(row.p_truth, 2)];
  });
  return el("div", { class: "card scroll", id: "wrong" }, el("h2", {}, `Wrong answers (${rows.length}), the surest first`),
    el("div", { class: "tall", tabindex: 0 }, table(["clip", "truth", "answer", "p answer", "p truth"], rows, { class: "wide" })));
}
