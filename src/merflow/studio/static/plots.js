// The four plots beside the picture: classes over time, landmarks over time, how often which
// answer was given, and the chances at this moment.

import { chart } from "./chart.js";
import { el } from "./ui.js";

export const NONE = "no expression";
const SETTLING = "settling";

// rows: [{at, first, last, answer, chances, movement}], in order of time.
export class Plots {
  constructor() {
    this.classes = [];
    this.trend = card("trend", "Classes over time");
    this.tracks = card("tracks", "Landmarks over time");
    this.share = card("share", "Answers so far");
    this.now = card("now", "At this moment");
    this.root = el("section", { class: "stack", id: "plots" }, this.trend.root, this.tracks.root,
      el("div", { class: "halves" }, this.share.root, this.now.root));
    this.cursors = [];
  }

  names() { return [...this.classes, NONE]; }

  // unit: what `at` counts
  drawTrend(rows, unit) {
    const names = this.names();
    const told = rows.filter((row) => row.answer !== SETTLING);
    const series = names.map((name, i) => ({ name, colour: i, xs: told.map((row) => row.at),
      ys: told.map((row) => valueOf(row, i, this.classes.length)) }));
    this.trend.show(told.length > 1 ? [keep(this.cursors, 0, chart(series, { x: unit, y: "probability", height: 126, width: 400 })), legend(names)]
      : [el("p", { class: "soft" }, "Nothing answered yet.")]);
  }

  // points: for each x one list of [x, y] or null; what: "moved", "x" or "y"
  drawTracks(xs, points, indices, what, unit) {
    const found = indices.filter((i) => points.some((one) => one && i < one.length));
    const series = found.map((i, colour) => ({ name: String(i), colour, xs, ys: track(points, i, what) }));
    const label = what === "moved" ? "moved (px)" : `${what} (px)`;
    this.tracks.show(xs.length > 1 && found.length ? [keep(this.cursors, 1, chart(series, { x: unit, y: label, height: 126, width: 400, tight: what !== "moved" })), legend(found.map(String))]
      : [el("p", { class: "soft" }, indices.length ? "No landmarks yet." : "No landmark is chosen.")]);
  }

  drawShare(rows) {
    const told = rows.filter((row) => row.answer !== SETTLING);
    this.share.show([bars(this.names().map((name) => {
      const count = told.filter((row) => row.answer === name).length;
      return [name, told.length ? count / told.length : 0, String(count)];
    }), "windows")]);
  }

  drawNow(row) {
    const settled = row && row.answer !== SETTLING;
    const values = this.names().map((name, i) => [name, settled ? valueOf(row, i, this.classes.length) : 0]);
    this.now.show([bars(values.map(([name, value]) => [name, value, value.toFixed(2)]), "probability"),
      el("p", { class: "soft num", id: "movement" }, row?.movement == null ? "movement –"
        : `movement ${row.movement.toFixed(1)} × rest`)]);
  }

  moveTo(at) { for (const move of this.cursors) move?.(at); }
}

function valueOf(row, i, count) {
  if (i < count) return row.chances ? row.chances[i] : 0;
  return row.chances ? 0 : 1;
}

// A landmark is found anew in every frame and trembles: what is drawn is a mean of five frames.
function track(points, i, what) {
  const first = points.find((one) => one)?.[i];
  const raw = points.map((one) => {
    if (!one) return null;
    if (what === "moved") return Math.hypot(one[i][0] - first[0], one[i][1] - first[1]);
    return one[i][what === "x" ? 0 : 1];
  });
  return raw.map((value, at) => {
    if (value == null) return null;
    const near = raw.slice(Math.max(0, at - 2), at + 3).filter((one) => one != null);
    return near.reduce((a, b) => a + b, 0) / near.length;
  });
}

function keep(cursors, place, made) {
  cursors[place] = made.move;
  return made.root;
}

function card(id, title) {
  const body = el("div", {});
  return { root: el("div", { class: "card", id }, el("h2", {}, title), body), show: (parts) => body.replaceChildren(...parts) };
}

function legend(names) {
  return el("div", { class: "legend" }, names.map((name, i) => {
    const swatch = el("span", { class: "swatch" });
    swatch.style.background = `var(--s${i % 6})`;
    return el("span", {}, swatch, name);
  }));
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
