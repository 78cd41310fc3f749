// A card with horizontal bars: a name, a share of the whole width and a value each.

import { COLOURS, svgPart } from "../shared/chart_export.js";
import { menu } from "../shared/components.js";
import { saveCsv, saveSvg, saveSvgAsPng } from "../shared/download.js";
import { el } from "../shared/elements.js";

const ROW = 22, NAME = 130, BAR = 220;

export class Bars {
  // what: of the values, for screen readers and the saved table; file(): name of saved files
  constructor(id, title, what, file) {
    Object.assign(this, { title, what, file, rows: [] });
    this.body = el("div", { class: "bars", role: "list" });
    const save = menu("Save", [["PNG picture", () => saveSvgAsPng(file(), this.drawing())], ["SVG picture", () => saveSvg(file(), this.drawing())],
      ["CSV table", () => saveCsv(file(), ["name", what], this.rows.map(([name, , text]) => [name, +text]))]], { "aria-label": `Save: ${title}` });
    this.root = el("div", { class: "card", id }, el("div", { class: "card-head" }, el("h2", {}, title), save), this.body);
  }

  // rows: [[name, share 0..1, text]]
  draw(rows) {
    this.rows = rows;
    this.body.replaceChildren(...rows.map(([name, share, text], i) => {
      const bar = el("span", { class: "bar" });
      bar.style.width = `${Math.round(100 * share)}%`;
      bar.style.background = `var(--s${i % 6})`;
      return el("div", { role: "listitem", "aria-label": `${name}: ${text} (${this.what})` },
        el("span", { class: "name", title: name }, name), el("span", { class: "track" }, bar), el("span", { class: "num" }, text));
    }));
  }

  drawing() {
    const width = NAME + BAR + 60, height = ROW * (this.rows.length + 1) + 8;
    const text = (x, y, words, more = {}) => svgPart("text", { x, y, "font-family": "Inter, Helvetica, Arial, sans-serif", "font-size": 11, fill: "#333", ...more }, words);
    const root = svgPart("svg", { width, height, viewBox: `0 0 ${width} ${height}` }, svgPart("rect", { width: "100%", height: "100%", fill: "#fff" }),
      text(8, 16, `${this.title} (${this.what})`, { "font-weight": 600 }));
    this.rows.forEach(([name, share, value], i) => {
      const y = ROW * (i + 1) + 6;
      root.append(text(NAME - 8, y + 11, name, { "text-anchor": "end" }), svgPart("rect", { x: NAME, y, width: BAR, height: 14, fill: "#eceff4" }),
        svgPart("rect", { x: NAME, y, width: BAR * share, height: 14, fill: COLOURS[i % 6] }), text(NAME + BAR + 8, y + 11, value));
    });
    return root;
  }
}
