// The four plots beside the image: probabilities over time, landmarks over time, how often each label
// was predicted, and the probabilities at the present frame. Each can be saved.

import { saveCsv } from "../shared/download.js";
import { el } from "../shared/elements.js";
import { lineChart } from "../shared/line_chart.js";
import { Bars } from "./bars.js";
import { landmarkTrack } from "./landmark_track.js";

export const NONE = "no expression";
const SETTLING = "settling";

// rows: [{at, first, last, label, probabilities, movement}], in order of time.
export class Plots {
  constructor() {
    this.classes = [];
    this.name = "test";
    this.spotter = "";
    this.trend = new Plot("trend", "Classes over time", "No prediction yet.", () => `${this.name}-probabilities`);
    this.tracks = new Plot("tracks", "Landmarks over time", "No landmarks yet, or none chosen.", () => `${this.name}-landmarks`);
    this.share = new Bars("share", "Predictions so far", "windows", () => `${this.name}-counts`);
    this.now = new Bars("now", "At this moment", "probability", () => `${this.name}-now`);
    this.movement = el("p", { class: "soft num", id: "movement" });
    this.now.root.append(this.movement);
    this.root = el("section", { class: "stack", id: "plots", "aria-label": "Plots" }, this.trend.root, this.tracks.root,
      el("div", { class: "halves" }, this.share.root, this.now.root));
  }

  names() { return [...this.classes, NONE]; }

  // Nothing of an earlier test stays but, if it is not given, the name of saved files.
  clear(classes, name = this.name) {
    Object.assign(this, { classes, name });
    this.trend.clear();
    this.tracks.clear();
    this.drawShare([]);
    this.drawNow(null);
  }

  // unit: of `at`, for the axis
  drawTrend(rows, unit) {
    const settled = rows.filter(isSettled), xs = settled.map((row) => row.at);
    const series = this.names().map((name, colour) => ({ name, colour, xs, ys: settled.map((row) => this.valueOf(row, colour)) }));
    this.trend.draw(settled.length > 1 ? series : [], { x: unit, y: "probability" });
  }

  // points: for each x a list of [x, y] or null; track: "moved", "x" or "y"
  drawTracks(xs, points, indices, track, unit) {
    const found = indices.filter((i) => points.some((one) => one && i < one.length));
    const series = found.map((i, colour) => ({ name: String(i), colour, xs, ys: landmarkTrack(points, i, track) }));
    this.tracks.draw(xs.length > 1 ? series : [], { x: unit, y: track === "moved" ? "moved (px)" : `${track} (px)`, tight: track !== "moved" });
  }

  drawShare(rows) {
    const settled = rows.filter(isSettled);
    this.share.draw(this.names().map((name) => {
      const count = settled.filter((row) => row.label === name).length;
      return [name, settled.length ? count / settled.length : 0, String(count)];
    }));
  }

  drawNow(row) {
    const values = this.names().map((name, i) => [name, row && isSettled(row) ? this.valueOf(row, i) : 0]);
    this.now.draw(values.map(([name, value]) => [name, value, value.toFixed(2)]));
    const shown = row?.movement;
    if (this.spotter) this.movement.textContent = `score ${shown == null ? "–" : shown.toFixed(2)} of ${this.spotter}`;
    else this.movement.textContent = shown == null ? "movement –" : `movement ${shown.toFixed(1)} × rest`;
  }

  moveTo(at) {
    this.trend.chart?.move(at);
    this.tracks.chart?.move(at);
  }

  saveRows(rows, unit) {
    saveCsv(`${this.name}-predictions`, ["first", "last", unit, "label", "movement", ...this.classes],
      rows.map((row) => [row.first, row.last, row.at, row.label, row.movement, ...this.classes.map((_, i) => row.probabilities?.[i] ?? null)]));
  }

  // The probability of the i-th name; 1 for NONE where no movement was classified.
  valueOf(row, i) {
    if (i < this.classes.length) return row.probabilities ? row.probabilities[i] : 0;
    return row.probabilities ? 0 : 1;
  }
}

const isSettled = (row) => row.label !== SETTLING;

// A card with one line chart, which keeps its zoom and hidden lines while values are added.
class Plot {
  constructor(id, title, empty, file) {
    Object.assign(this, { empty, file, chart: null, axes: "", state: {} });
    this.body = el("div", {}, el("p", { class: "soft" }, empty));
    this.root = el("div", { class: "card", id }, el("h2", {}, title), this.body);
  }

  clear() {
    this.chart = null;
    this.body.replaceChildren(el("p", { class: "soft" }, this.empty));
    delete this.root.dataset.points;
  }

  draw(series, axes) {
    if (!series.length) return this.clear();
    this.root.dataset.points = series[0].xs.length;
    if (this.chart && this.axes === JSON.stringify(axes)) return this.chart.update(series);
    this.axes = JSON.stringify(axes);
    this.chart = lineChart(series, { ...axes, height: 140, file: this.file(), state: this.state });
    return this.body.replaceChildren(this.chart.root);
  }
}
