// The training curves of all folds of a run, and of a second run.

import { emptyState } from "../shared/components.js";
import { action, choice, el, nextOption } from "../shared/elements.js";
import { lineChart } from "../shared/line_chart.js";

const kept = { curve: "loss", fold: "", chart: {} };

// folds: name -> {columns, live}; other: {name, folds} of the run that it is compared with, or null
export function curvesCard(folds, file = "run", other = null) {
  const card = el("div", { class: "card", id: "curves" });
  card.update = () => false;
  const names = Object.keys(folds);
  if (!names.length) {
    card.append(el("h2", {}, "Training curves"), emptyState("runs", "No curves", "No fold is trained yet, or the method has no epochs."));
    return card;
  }
  const columns = columnsOf(folds);
  if (!columns.includes(kept.curve)) kept.curve = columns[0];
  let now = folds, chart;
  const note = el("p", { class: "soft small" });
  const series = () => [...linesOf(now, 0), ...(other ? [meanLine(other.folds, other.name, 1, true)] : [])].filter((line) => line?.ys.length);
  const say = () => { note.textContent = noteOf(now); };
  const draw = () => {
    chart = lineChart(series(), { x: "epoch", y: kept.curve.replaceAll("_", " "), height: 220, file: `${file}_${kept.curve}`, state: kept.chart, smooth: true });
    place.replaceChildren(chart.root);
    say();
  };
  const place = el("div");
  const curve = choice("Curve", columns.map((name) => [name, name.replaceAll("_", " ")]), (v) => { kept.curve = v; draw(); }, kept.curve);
  const fold = choice("Fold", [["", "all folds"], ...names.map((name) => [name])], (v) => { kept.fold = v; draw(); }, kept.fold);
  card.append(el("div", { class: "card-head" }, el("h2", {}, "Training curves"), curve, fold,
    action("Next fold", "l", () => { kept.fold = nextOption(fold); draw(); }, { icon: "forward", iconOnly: true, kind: "ghost", class: "small" })), place, note);
  draw();
  // Newer values of the same folds, while they train: zoom and cursor stay. False where folds differ.
  card.update = (next) => {
    if (Object.keys(next).join() !== names.join()) return false;
    now = next;
    chart.update(series());
    say();
    return true;
  };
  return card;
}

const columnsOf = (folds) => [...new Set(Object.values(folds).flatMap((fold) => Object.keys(fold.columns)))].filter((name) => name !== "epoch");

// A line for every fold, and their mean over the epochs that all have.
function linesOf(folds, colour) {
  const names = Object.keys(folds);
  const one = names.includes(kept.fold) ? kept.fold : "";
  const lines = names.map((name, i) => ({ name, colour: one || names.length === 1 ? colour : i, faint: name !== one && names.length > 1,
    xs: folds[name].columns.epoch, ys: folds[name].columns[kept.curve] || [] }));
  return names.length > 1 && !one ? [...lines, meanLine(folds, "mean of folds", colour, false)] : lines;
}

function meanLine(folds, name, colour, dashed) {
  const found = Object.values(folds).map((fold) => fold.columns).filter((columns) => columns[kept.curve]?.length);
  if (!found.length) return null;
  const count = Math.min(...found.map((columns) => columns[kept.curve].length));
  const xs = found[0].epoch.slice(0, count);
  return { name, colour, dashed, xs, ys: xs.map((_, i) => found.reduce((sum, columns) => sum + columns[kept.curve][i], 0) / found.length) };
}

function noteOf(folds) {
  const names = Object.keys(folds), live = names.filter((name) => folds[name].live);
  const shown = names.includes(kept.fold) ? `${kept.fold}; the other folds are faint` : `${names.length} folds, faint, and their mean`;
  return `${names.length === 1 ? "1 fold" : shown}${live.length ? `; in training: ${live.join(", ")}` : ""}`;
}
