// The chart under the frame: distance of the traced points from their places at onset.

import { get, url } from "../shared/api.js";
import { el, swatch } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { lineChart } from "../shared/line_chart.js";

const hidden = new Set();

export class Traces {
  // query(factor): parameters of the request
  constructor(clip, query, signal) {
    Object.assign(this, { clip, query, signal, found: new Map(), cursor: null });
    this.chart = el("div", { id: "trace" });
    this.legend = el("div", { class: "legend" });
    this.parts = [this.chart, this.legend];
  }

  // number: the dataset's frame that is shown
  moveTo(number) {
    this.number = number;
    this.cursor?.(number);
  }

  async draw(factor) {
    this.factor = factor;
    if (!this.found.has(factor)) {
      this.found.set(factor, await get(`${url("clip", ...this.clip.key)}/traces?${this.query(factor)}`, this.signal));
    }
    if (factor !== this.factor || this.signal.aborted) return;
    const names = Object.keys(this.clip.points);
    this.drawChart(names, this.found.get(factor).traces);
    this.legend.replaceChildren(`${factor}, against the onset frame:`, ...names.map((name, i) => this.label(name, i)));
  }

  drawChart(names, traces) {
    const { numbers, marks, found_apex } = this.clip;
    const series = names.map((name, colour) => ({ name, colour, xs: numbers, ys: traces[name] })).filter((line) => !hidden.has(line.name));
    this.cursor = null;
    if (!series.length) return this.chart.replaceChildren(el("p", { class: "soft" }, "No point is chosen."));
    const shown = Object.entries(marks).filter(([, v]) => v != null).map(([text, x]) => ({ x, text }));
    if (marks.apex == null) shown.push({ x: found_apex, text: "largest motion" });
    const made = lineChart(series, { x: "dataset frame", y: "moved (px)", marks: shown });
    this.cursor = made.move;
    this.cursor(this.number);
    return this.chart.replaceChildren(made.root);
  }

  label(name, i) {
    return el("label", {}, el("input", { type: "checkbox", checked: !hidden.has(name), onchange: (e) => {
      if (e.target.checked) hidden.delete(name); else hidden.add(name);
      this.draw(this.factor).catch(fail);
    } }), swatch(i), name);
  }
}
