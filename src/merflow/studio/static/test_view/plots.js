// The four plots beside the image: probabilities over time, landmarks over time, how often each label
// was predicted, and the probabilities at the present frame.

import { el, legend } from "../shared/elements.js";
import { lineChart } from "../shared/line_chart.js";
import { landmarkTrack } from "./landmark_track.js";

export const NONE = "no expression";
const SETTLING = "settling";

// rows: [{at, first, last, label, probabilities, movement}], in order of time.
export class Plots {
  constructor() {
    this.classes = [];
    this.trend = card("trend", "Classes over time");
    this.tracks = card("tracks", "Landmarks over time");
    this.share = card("share", "Predictions so far");
    this.now = card("now", "At this moment");
    this.root = el("section", { class: "stack", id: "plots" }, this.trend.root, this.tracks.root,
      el("div", { class: "halves" }, this.share.root, this.now.root));
    this.cursors = [];
  }

  names() { return [...this.classes, NONE]; }

  clear(classes) {
    this.classes = classes;
    this.drawTrend([], "frame");
    this.drawTracks([], [], [], "moved", "frame");
    this.drawShare([]);
    this.drawNow(null);
  }

  // unit: of `at`, for the axis
  drawTrend(rows, unit) {
    const names = this.names();
    const settled = rows.filter(isSettled);
    const xs = settled.map((row) => row.at);
    const series = names.map((name, colour) => ({ name, colour, xs, ys: settled.map((row) => this.valueOf(row, colour)) }));
    this.trend.show(settled.length > 1 ? [this.chart(0, series, { x: unit, y: "probability" }), legend(names)]
      : [el("p", { class: "soft" }, "No prediction yet.")]);
  }

  // points: for each x a list of [x, y] or null; track: "moved", "x" or "y"
  drawTracks(xs, points, indices, track, unit) {
    const found = indices.filter((i) => points.some((one) => one && i < one.length));
    const series = found.map((i, colour) => ({ name: String(i), colour, xs, ys: landmarkTrack(points, i, track) }));
    const axes = { x: unit, y: track === "moved" ? "moved (px)" : `${track} (px)`, tight: track !== "moved" };
    this.tracks.show(xs.length > 1 && found.length ? [this.chart(1, series, axes), legend(found.map(String))]
      : [el("p", { class: "soft" }, "No landmarks yet, or none chosen.")]);
  }

  drawShare(rows) {
    const settled = rows.filter(isSettled);
    this.share.show([bars(this.names().map((name) => {
      const count = settled.filter((row) => row.label === name).length;
      return [name, settled.length ? count / settled.length : 0, String(count)];
    }), "windows")]);
  }

  drawNow(row) {
    const values = this.names().map((name, i) => [name, row && isSettled(row) ? this.valueOf(row, i) : 0]);
    this.now.show([bars(values.map(([name, value]) => [name, value, value.toFixed(2)]), "probability"),
      el("p", { class: "soft num", id: "movement" }, row?.movement == null ? "movement –"
        : `movement ${row.movement.toFixed(1)} × rest`)]);
  }

  moveTo(at) { for (const move of this.cursors) move?.(at); }

  // The probability of the i-th name; 1 for NONE where no movement was classified.
  valueOf(row, i) {
    if (i < this.classes.length) return row.probabilities ? row.probabilities[i] : 0;
    return row.probabilities ? 0 : 1;
  }

  chart(place, series, axes) {
    const made = lineChart(series, { ...axes, height: 126, width: 400 });
    this.cursors[place] = made.move;
    return made.root;
  }
}

const isSettled = (row) => row.label !== SETTLING;

function card(id, title) {
  const body = el("div", {});
  return { root: el("div", { class: "card", id }, el("h2", {}, title), body), show: (parts) => body.replaceChildren(...parts) };
}

function bars(rows, what) {
  return el("div", { class: "bars", role: "list" }, rows.map(([name, share, text], i) => {
    const bar = el("span", { class: "bar" });
    bar.style.width = `${Math.round(100 * share)}%`;
    bar.style.background = `var(--s${i % 6})`;
    return el("div", { role: "listitem", "aria-label": `${name}: ${text} (${what})` },
      el("span", { class: "name" }, name), el("span", { class: "track" }, bar), el("span", { class: "num" }, text));
  }));
}
