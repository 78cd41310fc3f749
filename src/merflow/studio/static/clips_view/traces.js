// The chart under the frame: distance of the traced points from their places at onset.

import { get, url } from "../shared/api.js";
import { el } from "../shared/elements.js";
import { lineChart } from "../shared/line_chart.js";

const kept = {};

export class Traces {
  // query(factor): parameters of the request
  constructor(clip, query, signal) {
    Object.assign(this, { clip, query, signal, found: new Map(), chart: null });
    this.title = el("h2", {}, "Movement");
    this.place = el("div", { id: "trace" });
    this.root = el("div", { class: "card" }, this.title, this.place);
  }

  // number: the dataset's frame that is shown
  moveTo(number) {
    this.number = number;
    this.chart?.move(number);
  }

  async draw(factor) {
    this.factor = factor;
    if (!this.found.has(factor)) {
      this.found.set(factor, await get(`${url("clip", ...this.clip.key)}/traces?${this.query(factor)}`, this.signal));
    }
    if (factor !== this.factor || this.signal.aborted) return;
    this.title.textContent = `Movement at ${factor}, from the onset frame`;
    this.drawChart(this.found.get(factor).traces, factor);
  }

  drawChart(traces, factor) {
    const { numbers, marks, found_apex, key } = this.clip;
    const series = Object.keys(this.clip.points).map((name, colour) => ({ name, colour, xs: numbers, ys: traces[name] }));
    const shown = Object.entries(marks).filter(([, v]) => v != null).map(([text, x]) => ({ x, text }));
    if (marks.apex == null) shown.push({ x: found_apex, text: "largest motion" });
    this.chart = lineChart(series, { x: "dataset frame", y: "moved (px)", marks: shown, state: kept, file: `${key.join("_")}_${factor}_movement` });
    this.chart.move(this.number);
    this.place.replaceChildren(this.chart.root);
  }
}
