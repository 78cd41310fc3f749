// What a line chart is saved as: a drawing (SVG, PNG), a table (CSV), or its values in a dialog.

import { openDialog } from "./components.js";
import { saveCsv, saveSvg, saveSvgAsPng } from "./download.js";
import { el, table } from "./elements.js";

const SVG = "http://www.w3.org/2000/svg";
// Drawings are made in a document that loads nothing, so that an embedded picture needs no permission.
const PAPER = document.implementation.createHTMLDocument("");
// For paper: the colours of the light theme on white.
export const COLOURS = ["#2a52be", "#b8480a", "#0b7a6b", "#8a35a8", "#7a6a00", "#b3195b"];
const TEXT = { "font-family": "Inter, Helvetica, Arial, sans-serif", "font-size": 11, fill: "#333" };

export function svgPart(name, attributes, ...children) {
  const made = PAPER.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) if (value != null) made.setAttribute(key, value);
  made.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

export async function saveDrawing(chart, kind) {
  const drawing = drawingOf(chart);
  if (kind === "svg") saveSvg(chart.file, drawing); else await saveSvgAsPng(chart.file, drawing);
}

// The part of the chart that is shown, with its legend below.
function drawingOf(chart) {
  const { plot, series } = chart, { left, top, width, height } = cssBox(plot);
  const lines = chart.lines().filter((line) => !chart.isHidden(line));
  const shown = series.filter((line) => !chart.isHidden(line));
  const perRow = Math.max(1, Math.floor(plot.width / 150));
  const rows = shown.length > 12 ? 0 : Math.ceil(shown.length / perRow);
  const total = plot.height + 8 + 16 * rows;
  const root = svgPart("svg", { width: plot.width, height: total, viewBox: `0 0 ${plot.width} ${total}` },
    svgPart("rect", { width: "100%", height: "100%", fill: "#fff" }));
  const x = (v) => left + plot.valToPos(v, "x"), y = (v) => top + plot.valToPos(v, "y");
  const text = (at, up, anchor, words, more = {}) => root.append(svgPart("text", { ...TEXT, x: at, y: up, "text-anchor": anchor, ...more }, words));
  const line = (x1, y1, x2, y2, stroke, more = {}) => root.append(svgPart("line", { x1, y1, x2, y2, stroke, ...more }));
  const [across, upward] = plot.axes;
  upward._splits.forEach((v, i) => { line(left, y(v), left + width, y(v), "#ddd"); text(left - 5, y(v) + 4, "end", upward._values[i]); });
  across._splits.forEach((v, i) => { if (v >= plot.scales.x.min && v <= plot.scales.x.max) text(x(v), top + height + 14, "middle", across._values[i]); });
  text(left + width / 2, top + height + 30, "middle", chart.x);
  text(11, top + height / 2, "middle", chart.y, { transform: `rotate(-90 11 ${top + height / 2})` });
  for (const [order, mark] of chart.marks.entries()) {
    if (mark.x < plot.scales.x.min || mark.x > plot.scales.x.max) continue;
    line(x(mark.x), top - (order % 2 ? 12 : 24), x(mark.x), top + height, "#777", { "stroke-dasharray": "3 3" });
    const isLate = x(mark.x) > left + width - 90;
    text(x(mark.x) + (isLate ? -3 : 3), top - (order % 2 ? 3 : 15), isLate ? "end" : "start", mark.text);
  }
  root.append(svgPart("clipPath", { id: "area" }, svgPart("rect", { x: left, y: top, width, height })));
  for (const one of lines) {
    const points = one.xs.map((v, i) => [v, one.ys[i]]).filter(([, v]) => v != null);
    root.append(svgPart("path", { d: points.map(([a, b], i) => `${i ? "L" : "M"}${x(a).toFixed(2)} ${y(b).toFixed(2)}`).join(""),
      fill: "none", stroke: COLOURS[one.colour % 6], "stroke-width": one.faint ? 1.25 : 1.75, opacity: one.raw ? 0.25 : one.faint ? 0.4 : null,
      "stroke-dasharray": one.dashed ? "6 4" : null, "clip-path": "url(#area)" }));
  }
  if (rows) shown.forEach((one, i) => {
    const at = left + (i % perRow) * 150, up = plot.height + 8 + 16 * Math.floor(i / perRow);
    line(at, up, at + 16, up, COLOURS[one.colour % 6], { "stroke-width": 2, "stroke-dasharray": one.dashed ? "6 4" : null });
    text(at + 21, up + 4, "start", one.name);
  });
  return root;
}

// The place of the drawing area in the chart (CSS pixels).
function cssBox(plot) {
  const { offsetLeft: left, offsetTop: top, clientWidth: width, clientHeight: height } = plot.over;
  return { left, top, width, height };
}

// x and every line, as measured (not smoothed).
function valuesOf(chart) {
  const xs = [...new Set(chart.series.flatMap((line) => line.xs))].sort((a, b) => a - b);
  const columns = chart.series.map((line) => new Map(line.xs.map((v, i) => [v, line.ys[i]])));
  return { head: [chart.x, ...chart.series.map((line) => line.name)], rows: xs.map((v) => [v, ...columns.map((column) => column.get(v) ?? null)]) };
}

export function saveCsvOf(chart) {
  const { head, rows } = valuesOf(chart);
  saveCsv(chart.file, head, rows);
}

export function valuesDialog(chart) {
  const { head, rows } = valuesOf(chart);
  const shown = rows.map((row) => row.map((v) => (v == null ? "–" : Number(v.toPrecision(5)))));
  openDialog(`${chart.y} over ${chart.x}`, el("div", { class: "scroll" }, table(head, shown, { class: "wide" })), [], { large: true, id: "values" });
}
