// The confusion matrix of all clips or of one dataset: counts, and shares of each true class in a
// sequential scale of one hue, which colour-blind readers see as well.

import { svgPart } from "../shared/chart_export.js";
import { menu } from "../shared/components.js";
import { saveCsv, saveSvg, saveSvgAsPng } from "../shared/download.js";
import { action, choice, el, fixed, nextOption } from "../shared/elements.js";
import { onTheme } from "../shared/theme.js";

// From none to all of a class: light to dark blue on light pages and paper, the reverse on dark ones.
const SCALES = { light: [[245, 247, 252], [120, 156, 224], [20, 48, 120]], dark: [[28, 33, 42], [52, 86, 160], [176, 204, 255]] };

let part = "full";

// file: beginning of the names of saved files
export function confusionCard(facts, file = "run") {
  const names = Object.keys(facts.confusion);
  if (!names.includes(part)) part = "full";
  const body = el("div", { class: "scroll" });
  const draw = (name) => {
    part = name;
    const score = facts.scores.find((one) => one.part === part);
    body.replaceChildren(matrixTable(facts.confusion[part], facts.classes), scaleLegend(), score ? el("p", { class: "soft small" }, scoreText(score)) : "");
  };
  draw(part);
  const leave = onTheme(() => (body.isConnected ? draw(part) : leave()));
  const select = choice("Part", names.map((name) => [name, name === "full" ? "all clips" : name]), draw, part);
  const drawn = () => matrixDrawing(facts.confusion[part], facts.classes);
  const saved = () => `${file}_confusion_${part}`;
  return el("div", { class: "card", id: "confusion" }, el("div", { class: "card-head" }, el("h2", {}, "Confusion matrix"), select,
    action("Next part", "v", () => draw(nextOption(select)), { icon: "forward", iconOnly: true, kind: "ghost", class: "small" }),
    menu("Save", [["PNG picture", () => saveSvgAsPng(saved(), drawn())], ["SVG picture", () => saveSvg(saved(), drawn())],
      ["CSV table", () => saveCsv(saved(), ["truth", ...facts.classes], facts.confusion[part].map((row, i) => [facts.classes[i], ...row]))]],
    { "aria-label": "Save confusion matrix" })), body);
}

const isDark = () => getComputedStyle(document.documentElement).colorScheme === "dark"
  || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);

function matrixTable(matrix, classes) {
  return el("table", { class: "matrix" }, el("caption", { class: "soft small" }, "rows: truth; columns: prediction"),
    el("thead", {}, el("tr", {}, el("td"), classes.map((name) => el("th", { scope: "col" }, name)), el("th", { scope: "col", class: "num" }, "clips"))),
    el("tbody", {}, matrix.map((row, i) => {
      const all = row.reduce((a, b) => a + b, 0);
      return el("tr", {}, el("th", { scope: "row" }, classes[i]), row.map((count, j) => cell(count, all, i === j, `${count} of ${all} ${classes[i]} predicted as ${classes[j]}`)),
        el("td", { class: "total num" }, all));
    })));
}

function cell(count, all, isRight, text) {
  const share = all ? count / all : 0;
  const made = el("td", { title: text, class: isRight ? "right" : null, "data-count": count },
    el("strong", {}, count), el("span", {}, all ? `${Math.round(share * 100)}%` : "–"));
  const { ground, ink } = shade(share, isDark() ? SCALES.dark : SCALES.light);
  made.style.background = ground;
  made.style.color = ink;
  return made;
}

// The colour of a share (0..1), and the one of black and white that is better read on it.
function shade(share, [low, middle, high]) {
  const [a, b, t] = share < 0.5 ? [low, middle, share * 2] : [middle, high, share * 2 - 1];
  const rgb = a.map((v, i) => Math.round(v + (b[i] - v) * t));
  const linear = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return { ground: `rgb(${rgb.join(", ")})`, ink: light > 0.179 ? "#000000" : "#ffffff" };
}

function scaleLegend() {
  const bar = el("span", { class: "bar", "aria-hidden": "true" });
  const [low, middle, high] = (isDark() ? SCALES.dark : SCALES.light).map((rgb) => `rgb(${rgb.join(", ")})`);
  bar.style.background = `linear-gradient(to right, ${low}, ${middle}, ${high})`;
  return el("div", { class: "scale small soft" }, "0%", bar, "100% of the true class; correct predictions are framed");
}

const CELL = 76, ROW = 44, LEFT = 110, TOP = 46;

function matrixDrawing(matrix, classes) {
  const width = LEFT + CELL * classes.length + 12, height = TOP + ROW * classes.length + 12;
  const root = svgPart("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "font-family": "Inter, Helvetica, Arial, sans-serif", "font-size": 12, fill: "#222" },
    svgPart("rect", { width, height, fill: "#fff" }),
    svgPart("text", { x: LEFT + (CELL * classes.length) / 2, y: 15, "text-anchor": "middle", fill: "#555" }, "prediction"),
    svgPart("text", { x: 8, y: TOP - 10, fill: "#555" }, "truth"));
  classes.forEach((name, j) => root.append(svgPart("text", { x: LEFT + CELL * (j + 0.5), y: TOP - 10, "text-anchor": "middle" }, name)));
  matrix.forEach((row, i) => {
    const all = row.reduce((a, b) => a + b, 0), y = TOP + ROW * i;
    root.append(svgPart("text", { x: LEFT - 8, y: y + ROW / 2 + 4, "text-anchor": "end" }, classes[i]));
    row.forEach((count, j) => {
      const { ground, ink } = shade(all ? count / all : 0, SCALES.light), x = LEFT + CELL * j;
      root.append(svgPart("rect", { x, y, width: CELL, height: ROW, fill: ground, stroke: i === j ? "#222" : "#fff", "stroke-width": i === j ? 1.5 : 1 }),
        svgPart("text", { x: x + CELL / 2, y: y + 19, "text-anchor": "middle", fill: ink, "font-weight": 600 }, count),
        svgPart("text", { x: x + CELL / 2, y: y + 34, "text-anchor": "middle", fill: ink, "font-size": 10 }, all ? `${Math.round((100 * count) / all)}%` : ""));
    });
  });
  return root;
}

function scoreText(score) {
  return `UF1 ${fixed(score.uf1)} [${fixed(score.uf1_lo)}, ${fixed(score.uf1_hi)}], UAR ${fixed(score.uar)}, accuracy ${fixed(score.acc)}; `
    + `largest class ${fixed(score.floor_uf1)}, guessing ${fixed(score.guess_uf1)}${score.note ? `; ${score.note}` : ""}`;
}
