// A line chart, drawn by uPlot: read-out at the cursor, legend, zoom, marks, smoothing, export.

import uPlot from "../vendor/uPlot.esm.js";
import { saveCsvOf, saveDrawing, valuesDialog } from "./chart_export.js";
import { menu } from "./components.js";
import { action, el, swatch } from "./elements.js";
import { onTheme, themeColour } from "./theme.js";

const FONT = '11px Inter, system-ui, sans-serif';
const LEGEND_LIMIT = 12;
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];

// series: [{ name, colour (0..5), xs, ys, faint, dashed }]. Options: x, y: names of the axes; height (px);
// marks: [{ x, text }]; tight: the y axis need not start at 0; file: name of saved files; state: an object
// that keeps what the user chose ({ hidden: [names], smoothing, log }) for the next chart; smooth: offer
// smoothing and a logarithmic axis.
// Returns { root, move(x): the cursor of the present frame, update(series) }.
export function lineChart(series, options = {}) {
  const chart = new LineChart(series, options);
  return { root: chart.root, move: (at) => chart.move(at), update: (next) => chart.update(next) };
}

class LineChart {
  constructor(series, { x = "", y = "", height = 170, marks = [], tight = false, file = "chart", state = {}, smooth = false }) {
    Object.assign(this, { x, y, height, marks, tight, file, state, plot: null, at: null });
    state.hidden ||= [];
    this.box = el("div", { class: "plot", tabindex: 0, role: "slider", "aria-label": `${y} over ${x}`, "aria-orientation": "horizontal",
      onkeydown: (event) => this.key(event) });
    this.now = el("div", { class: "now" });
    this.legend = el("div", { class: "legend" });
    this.readout = el("span", { class: "readout num soft" });
    const tool = (label, shape, run) => action(label, "", run, { icon: shape, iconOnly: true, kind: "ghost", class: "small" });
    this.tools = el("div", { class: "chart-tools" }, ...(smooth ? this.smoothing() : []),
      tool("Zoom in", "zoomIn", () => this.zoom(0.5)), tool("Zoom out", "zoomOut", () => this.zoom(2)),
      tool("Whole chart", "fit", () => this.reset()),
      menu("Save", [["PNG picture", () => saveDrawing(this, "png")], ["SVG picture", () => saveDrawing(this, "svg")],
        ["CSV table", () => saveCsvOf(this)], ["Show the values", () => valuesDialog(this)]], { "aria-label": `Save chart of ${y}` }));
    this.root = el("div", { class: "chart" }, this.box,
      el("div", { class: "chart-foot" }, this.readout, this.tools), this.legend);
    this.take(series);
    // Drawn when it is on the page and again when its width changes; removed with it.
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.box);
  }

  smoothing() {
    const slider = el("input", { type: "range", min: 0, max: 0.98, step: 0.02, value: this.state.smoothing || 0, "aria-label": "Smoothing",
      oninput: () => { this.state.smoothing = +slider.value; this.rebuild(); } });
    const log = el("input", { type: "checkbox", checked: !!this.state.log, onchange: () => { this.state.log = log.checked; this.rebuild(); } });
    return [el("label", { class: "smoothing" }, "Smoothing", slider), el("label", { class: "row" }, log, "log")];
  }

  take(series) {
    this.series = series.filter((line) => line.xs.length);
    this.isWhole = this.series.every((line) => line.xs.every(Number.isInteger));
    this.drawLegend();
  }

  update(series) {
    const names = (list) => list.map((line) => line.name).join("\n");
    const same = this.plot && names(this.series) === names(series.filter((line) => line.xs.length));
    this.take(series);
    if (!same) return this.rebuild();
    const { min, max } = this.plot.scales.x, [first] = this.plot.data;
    const isZoomed = min > first[0] || max < first.at(-1);
    this.plot.setData(this.data(), !isZoomed);
    if (isZoomed) this.plot.setScale("x", { min, max });
    return this.placeCursor();
  }

  isHidden(line) { return this.state.hidden.includes(line.name); }

  // Every line twice where it is smoothed: as measured (faint), and smoothed.
  lines() {
    if (!this.state.smoothing) return this.series;
    return [...this.series.map((line) => ({ ...line, raw: true })),
      ...this.series.map((line) => ({ ...line, ys: smoothed(line.ys, this.state.smoothing) }))];
  }

  data() {
    const lines = this.lines();
    if (!lines.length) return [[]];
    const [{ xs }] = lines;
    if (lines.every((line) => line.xs === xs)) return [xs, ...lines.map((line) => line.ys)];
    return uPlot.join(lines.map((line) => [line.xs, line.ys]));
  }

  fit() {
    if (!this.root.isConnected) return this.destroy();
    const width = this.box.clientWidth;
    if (!width) return undefined;
    if (!this.plot) this.rebuild();
    else if (width !== this.plot.width) this.plot.setSize({ width, height: this.height });
    return this.placeCursor();
  }

  destroy() {
    this.plot?.destroy();
    this.plot = null;
    this.leaveTheme?.();
  }

  rebuild() {
    const width = this.box.clientWidth;
    if (!width || !this.root.isConnected) return;
    const kept = this.plot && this.zoomed ? { ...this.plot.scales.x } : null;
    this.destroy();
    this.leaveTheme = onTheme(() => this.plot?.redraw());
    this.plot = new uPlot(this.options(width), this.data(), this.box);
    this.plot.over.append(this.now);
    this.listen(this.plot.over);
    if (kept) this.plot.setScale("x", { min: kept.min, max: kept.max });
    this.root.dataset.lines = this.series.filter((line) => !this.isHidden(line)).length;
    this.placeCursor();
  }

  options(width) {
    const isLog = !!this.state.log && this.series.every((line) => line.ys.every((v) => v == null || v > 0));
    const stroke = () => themeColour("--muted");
    const axis = { stroke, font: FONT, labelFont: FONT, ticks: { show: false }, labelSize: 16, labelGap: 2 };
    const grid = { stroke: () => themeColour("--line"), width: 1 };
    return {
      width, height: this.height, padding: [this.marks.length ? 28 : 10, 12, 0, 0], legend: { show: false },
      cursor: { drag: { x: true, y: false, dist: 4 }, focus: { prox: 24 }, points: { size: 7 }, y: false },
      focus: { alpha: this.series.length > LEGEND_LIMIT ? 0.25 : 1 },
      scales: { x: { time: false, range: (_, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) },
        y: isLog ? { distr: 3 } : { range: (_, low, high) => this.range(low, high) } },
      axes: [{ ...axis, label: this.x, size: 26, grid: { show: false }, incrs: this.isWhole ? STEPS : undefined,
        values: (_, splits) => splits.map((v) => String(+v.toPrecision(8))) },
      { ...axis, label: this.y, grid, values: (_, splits) => splits.map((v) => (v == null ? "" : String(+v.toPrecision(3)))),
        size: (_, values) => 10 + 6.5 * Math.max(1, ...(values || []).map((text) => String(text).length)) }],
      series: [{}, ...this.lines().map((line) => ({ label: line.name, spanGaps: true, show: !this.isHidden(line),
        stroke: () => themeColour(`--s${line.colour % 6}`), width: line.faint ? 1.25 : 1.75, alpha: line.raw ? 0.25 : line.faint ? 0.4 : 1,
        dash: line.dashed ? [6, 4] : undefined, points: { show: line.xs.length === 1 && !line.raw } }))],
      hooks: { draw: [(plot) => drawMarks(plot, this.marks)], setCursor: [() => this.read()], setScale: [() => this.placeCursor()],
        setSeries: [() => this.read()] },
    };
  }

  range(low, high) {
    if (low == null) return [0, 1];
    if (!this.tight) return [Math.min(0, low), high > 0 ? high * 1.05 : 1];
    const space = (high - low) * 0.06 || 1;
    return [low - space, high + space];
  }

  // Values at the cursor, beside the names; of many lines only the nearest one is named.
  read() {
    const { idx } = this.plot.cursor;
    const lines = this.lines(), offset = lines.length - this.series.length;
    const at = idx == null ? null : this.plot.data[0][idx];
    const value = (i) => (idx == null ? null : this.plot.data[offset + i + 1][idx]);
    const shown = (v) => (v == null ? "" : Number(v.toPrecision(4)).toString());
    this.readout.textContent = at == null ? "" : `${this.x} ${at}`;
    if (this.values) this.values.forEach((place, i) => { place.textContent = shown(value(i)); });
    else {
      const near = lines.findIndex((_, i) => i >= offset && this.plot.series[i + 1]._focus && idx != null) - offset;
      if (near >= 0) this.readout.textContent += ` · ${this.series[near].name} ${shown(value(near))}`;
    }
    if (at == null) return;
    this.box.setAttribute("aria-valuenow", at);
    this.box.setAttribute("aria-valuetext", `${this.x} ${at}: ${this.series.slice(0, LEGEND_LIMIT).map((line, i) => `${line.name} ${shown(value(i)) || "none"}`).join(", ")}`);
  }

  drawLegend() {
    const xs = this.series.flatMap((line) => [line.xs[0], line.xs.at(-1)]);
    this.box.setAttribute("aria-valuemin", xs.length ? Math.min(...xs) : 0);
    this.box.setAttribute("aria-valuemax", xs.length ? Math.max(...xs) : 0);
    this.box.setAttribute("aria-valuenow", xs[0] ?? 0);
    this.values = null;
    if (this.series.length > LEGEND_LIMIT) return this.legend.replaceChildren(el("span", { class: "soft" }, `${this.series.length} lines; point at one for its name`));
    this.values = this.series.map(() => el("span", { class: "num value" }));
    return this.legend.replaceChildren(...this.series.map((line, i) => {
      const button = el("button", { type: "button", class: "ghost", "aria-pressed": String(!this.isHidden(line)), title: `Show or hide ${line.name}`,
        onclick: () => {
          this.state.hidden = this.isHidden(line) ? this.state.hidden.filter((name) => name !== line.name) : [...this.state.hidden, line.name];
          button.setAttribute("aria-pressed", String(!this.isHidden(line)));
          this.rebuild();
        } }, swatch(line.colour), line.name, this.values[i]);
      return button;
    }));
  }

  // Wheel with Ctrl (or a pinch) zooms at the pointer; Shift and drag moves the part shown.
  listen(over) {
    over.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.shiftKey) return;
      event.preventDefault();
      const at = this.plot.posToVal(event.offsetX, "x");
      this.zoom((event.deltaY || event.deltaX) > 0 ? 1.25 : 0.8, at);
    }, { passive: false });
    over.addEventListener("mousedown", (event) => {
      if (!event.shiftKey || event.button) return;
      event.stopImmediatePropagation();
      const { min, max } = this.plot.scales.x, from = event.clientX, width = over.clientWidth;
      const move = (moved) => this.show(min - ((moved.clientX - from) / width) * (max - min), max - ((moved.clientX - from) / width) * (max - min));
      const end = () => { removeEventListener("mousemove", move); removeEventListener("mouseup", end); };
      addEventListener("mousemove", move);
      addEventListener("mouseup", end);
    }, true);
  }

  get limits() { const [xs] = this.plot.data; return [xs[0], xs.at(-1)]; }
  get zoomed() { const { min, max } = this.plot.scales.x; return min > this.limits[0] || max < this.limits[1]; }

  // Show x from min to max, moved so that both are within the data.
  show(min, max) {
    const [first, last] = this.limits, width = Math.min(max - min, last - first);
    const low = Math.max(first, Math.min(min, last - width));
    this.plot.setScale("x", { min: low, max: low + width });
  }

  zoom(by, at = null) {
    if (!this.plot || this.limits[0] === this.limits[1]) return;
    const { min, max } = this.plot.scales.x;
    const middle = at ?? (min + max) / 2;
    this.show(middle - (middle - min) * by, middle + (max - middle) * by);
  }

  reset() { if (this.plot) this.show(...this.limits); }

  key(event) {
    if (!this.plot) return;
    const { left, idx } = this.plot.cursor, xs = this.plot.data[0];
    const { min, max } = this.plot.scales.x;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step && event.shiftKey) this.show(min + step * (max - min) / 4, max + step * (max - min) / 4);
    else if (step) {
      const next = left < 0 || idx == null ? (step > 0 ? 0 : xs.length - 1) : Math.max(0, Math.min(xs.length - 1, idx + step));
      this.plot.setCursor({ left: this.plot.valToPos(xs[next], "x"), top: 10 });
    } else if (event.key === "+") this.zoom(0.5);
    else if (event.key === "-") this.zoom(2);
    else if (event.key === "Home") this.reset();
    else return;
    event.preventDefault();
  }

  move(at) {
    this.at = at;
    this.placeCursor();
  }

  placeCursor() {
    const left = this.plot && this.at != null ? this.plot.valToPos(this.at, "x") : -1;
    this.now.hidden = !(left >= 0 && left <= (this.plot?.over.clientWidth ?? 0));
    if (!this.now.hidden) this.now.style.transform = `translateX(${left}px)`;
  }
}

// A moving average that weighs earlier values by `weight` more each step, without its bias at the start.
export function smoothed(ys, weight) {
  let sum = 0, total = 0;
  return ys.map((value) => {
    if (value == null) return value;
    sum = sum * weight + value * (1 - weight);
    total = total * weight + (1 - weight);
    return sum / total;
  });
}

function drawMarks(plot, marks) {
  const { ctx, bbox } = plot, ratio = uPlot.pxRatio;
  ctx.save();
  ctx.font = FONT.replace("11px", `${11 * ratio}px`);
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  ctx.strokeStyle = ctx.fillStyle = themeColour("--muted");
  marks.forEach((mark, order) => {
    const x = plot.valToPos(mark.x, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) return;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top - (order % 2 ? 12 : 24) * ratio);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const isLate = x > bbox.left + bbox.width - 90 * ratio;
    ctx.textAlign = isLate ? "right" : "left";
    ctx.fillText(mark.text, x + (isLate ? -3 : 3) * ratio, bbox.top - (order % 2 ? 3 : 15) * ratio);
  });
  ctx.restore();
}
