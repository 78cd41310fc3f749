// The confusion matrix of all clips or of one dataset, with its scores.

import { action, choice, el, fixed, nextOption, table } from "../shared/elements.js";

let part = "full";

export function confusionCard(facts) {
  const names = Object.keys(facts.confusion);
  if (!names.includes(part)) part = "full";
  const body = el("div", {});
  const draw = (name) => {
    part = name;
    const rows = facts.confusion[part].map((row, i) => matrixRow(row, i, facts.classes));
    const score = facts.scores.find((one) => one.part === part);
    body.replaceChildren(table(["truth \\ prediction", ...facts.classes], rows, { class: "matrix" }),
      score ? el("p", { class: "soft" }, scoreText(score)) : "");
  };
  draw(part);
  const select = choice("Part", names.map((name) => [name]), draw, part);
  return el("div", { class: "card scroll", id: "confusion" }, el("div", { class: "row" }, el("h2", {}, "Confusion matrix"), select,
    action("Next part", "v", () => draw(nextOption(select)))), body);
}

function matrixRow(row, i, classes) {
  const all = row.reduce((a, b) => a + b, 0) || 1;
  return el("tr", {}, el("th", {}, classes[i]), row.map((count, j) => {
    const cell = el("td", { title: `${count} of ${all} ${classes[i]} predicted as ${classes[j]}` }, String(count));
    cell.style.background = `color-mix(in srgb, var(${i === j ? "--good" : "--bad"}) ${Math.round((count / all) * 45)}%, transparent)`;
    return cell;
  }));
}

function scoreText(score) {
  return `UF1 ${fixed(score.uf1)} [${fixed(score.uf1_lo)}, ${fixed(score.uf1_hi)}], UAR ${fixed(score.uar)}, accuracy ${fixed(score.acc)}; `
    + `largest class ${fixed(score.floor_uf1)}, guessing ${fixed(score.guess_uf1)}${score.note ? `; ${score.note}` : ""}`;
}
