// The training curves of all folds of a run.

import { action, choice, el, nextOption } from "../shared/elements.js";
import { lineChart } from "../shared/line_chart.js";

const kept = { curve: "loss", fold: "" };

export function curvesCard(folds) {
  const names = Object.keys(folds);
  const card = el("div", { class: "card", id: "curves" });
  if (!names.length) {
    card.append(el("h2", {}, "Training curves"), el("p", { class: "soft" }, "None: no fold is trained, or the method has no epochs."));
    return card;
  }
  const columns = [...new Set(names.flatMap((name) => Object.keys(folds[name].columns)))].filter((name) => name !== "epoch");
  if (!columns.includes(kept.curve)) kept.curve = columns[0];
  const body = el("div", {});
  const draw = () => {
    const one = names.includes(kept.fold) ? kept.fold : "";
    const series = names.map((name, i) => ({ name, colour: i, faint: one && name !== one,
      xs: folds[name].columns.epoch, ys: folds[name].columns[kept.curve] || [] })).filter((line) => line.ys.length);
    body.replaceChildren(lineChart(series, { x: "epoch", y: kept.curve, height: 170 }).root,
      el("div", { class: "legend" }, one ? `${one}; the other folds are faint` : `${names.length} folds, one line per fold${inTraining(folds)}`));
  };
  draw();
  const curve = choice("Curve", columns.map((name) => [name]), (v) => { kept.curve = v; draw(); }, kept.curve);
  const fold = choice("Fold", [["", "all folds"], ...names.map((name) => [name])], (v) => { kept.fold = v; draw(); }, kept.fold);
  card.append(el("div", { class: "row" }, el("h2", {}, "Training curves"), curve, fold,
    action("Next fold", "l", () => { kept.fold = nextOption(fold); draw(); })), body);
  return card;
}

function inTraining(folds) {
  const names = Object.keys(folds).filter((name) => folds[name].live);
  return names.length ? `; in training: ${names.join(", ")}` : "";
}
