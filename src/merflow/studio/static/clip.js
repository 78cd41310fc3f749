// One clip, open: player, comparison, traces, marks, selection.

import { get, url } from "./api.js";
import { chart } from "./chart.js";
import { loadFilm } from "./film.js";
import { Marks } from "./marks.js";
import { Selection } from "./selection.js";
import { action, choice, el, fail } from "./ui.js";
import { Viewer } from "./viewer.js";

const SPEEDS = [0.02, 0.05, 0.1, 0.25, 0.5, 1];
const kept = { left: "x1", right: "", speed: 0.1, hidden: new Set() };

export function openClip(row, found, stage, side, corrected) {
  const control = new AbortController();
  const clip = new Open(row, found, stage, side, corrected, control.signal);
  clip.start().catch(fail);
  return () => { control.abort(); clip.pause(); };
}

class Open {
  constructor(row, found, stage, side, corrected, signal) {
    Object.assign(this, { row, found, stage, side, corrected, signal });
    this.preparation = row.preparations[0] || found.preparations[0];
    this.films = new Map();
    this.traces = new Map();
    this.timer = null;
  }

  async start() {
    const name = this.row.key.join("/");
    this.side.replaceChildren();
    this.stage.replaceChildren(el("p", { class: "soft" }, `${name}: loading…`));
    if (this.row.missing) throw new Error(`${name}: ${this.row.missing}`);
    if (!this.row.preparations.length) {
      this.stage.replaceChildren(el("p", { class: "soft" }, `${name} has not been cropped yet. Datasets view: Prepare.`));
      return;
    }
    try {
      this.clip = await get(`${url("clip", ...this.row.key)}?preparation=${encodeURIComponent(this.preparation)}`, this.signal);
    } catch (error) {
      if (error.name !== "AbortError") this.stage.replaceChildren(el("p", { class: "soft" }, `${name} cannot be shown.`));
      throw error;
    }
    this.build();
    await this.refresh();
  }

  build() {
    const last = this.clip.numbers.length - 1;
    this.viewer = new Viewer(this.clip.size, this.clip.points);
    this.slider = el("input", { type: "range", min: 0, max: last, value: 0, id: "frame", "aria-label": "Frame",
      oninput: () => this.go(+this.slider.value) });
    this.wipe = el("input", { type: "range", min: 0, max: 100, value: 50, id: "wipe", "aria-label": "Wipe",
      oninput: () => { this.viewer.wipe = this.wipe.value / 100; this.viewer.draw(); } });
    this.where = el("div", { class: "where", id: "where" });
    this.loading = el("span", { class: "soft", id: "loading", role: "status" });
    this.play = action("Play / pause", " ", () => (this.timer ? this.pause() : this.run()));
    this.speed = choice("Speed", SPEEDS.map((v) => [String(v), `${v} x real time`]), (v) => this.setSpeed(+v), String(kept.speed));
    const button = (label, key, to) => action(label, key, () => this.go(to()));
    this.marks = new Marks(this.clip, { number: () => this.clip.numbers[this.viewer.index],
      go: (number) => this.go(this.clip.numbers.indexOf(number)) }, () => this.marked());
    this.selection = new Selection(this, this.signal);
    this.trace = el("div", { id: "trace" });
    this.legend = el("div", { class: "legend" });
    this.stage.replaceChildren(
      el("div", { class: "row" }, el("h2", { id: "title" }, this.clip.key.join("/")),
        el("span", { class: "soft" }, `${this.clip.emotion} ${this.clip.action_units ? `· AU ${this.clip.action_units}` : ""} · ${this.clip.fps} Hz`), this.loading),
      this.viewer.root, this.where,
      el("div", { class: "slide" }, el("span", {}, "frame"), this.slider),
      el("div", { class: "row" }, button("First", "Home", () => 0), button("-10", "Shift+ArrowLeft", () => this.at - 10),
        button("-1", "ArrowLeft", () => this.at - 1), this.play, button("+1", "ArrowRight", () => this.at + 1),
        button("+10", "Shift+ArrowRight", () => this.at + 10), button("Last", "End", () => last)),
      this.trace, this.legend);
    this.side.replaceChildren(this.compareCard(), this.marks.root, this.selection.root);
  }

  compareCard() {
    const factors = this.found.factors.map((name) => [name]);
    this.left = choice("Shown", factors, (v) => { kept.left = v; this.refresh().catch(fail); }, kept.left);
    this.right = choice("Compared with", [["", "nothing"], ...factors], (v) => { kept.right = v; this.refresh().catch(fail); }, kept.right);
    const cycle = (select, name, by = 1) => {
      select.selectedIndex = (select.selectedIndex + by) % select.options.length;
      kept[name] = select.value;
      return this.refresh();
    };
    const speed = (by) => this.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(kept.speed) + by))]);
    const push = (by) => { this.wipe.value = +this.wipe.value + by; this.wipe.dispatchEvent(new Event("input")); };
    const rows = [el("h2", {}, "Magnification"),
      el("div", { class: "row" }, this.left, action("Next", "m", () => cycle(this.left, "left")),
        "with", this.right, action("Next", "w", () => cycle(this.right, "right"))),
      el("div", { class: "slide" }, el("span", {}, "wipe"), this.wipe),
      el("div", { class: "row" }, action("Wipe left", ",", () => push(-5)), action("Wipe right", ".", () => push(5)),
        action("Points", "t", () => this.togglePoints(), { "aria-pressed": "false", id: "points" })),
      el("div", { class: "row" }, this.speed, action("Slower", "[", () => speed(-1)), action("Faster", "]", () => speed(1)))];
    if (this.found.preparations.length > 1) {
      rows.push(el("div", { class: "row" }, "preparation", choice("Preparation",
        this.row.preparations.map((name) => [name]), (v) => this.prepare(v), this.preparation)));
    }
    return el("div", { class: "card" }, rows);
  }

  async prepare(name) {
    this.preparation = name;
    this.films.clear();
    this.traces.clear();
    await this.start();
  }

  async film(factor) {
    if (!this.films.has(factor)) {
      const count = this.clip.numbers.length;
      const told = (done) => { this.loading.textContent = done < count ? `${factor}: ${done} of ${count} frames` : ""; };
      this.loading.textContent = factor === "x1" ? "loading…" : `magnifying ${factor}…`;
      const promise = loadFilm(this.clip.key, this.preparation, factor, count, this.signal, told);
      this.films.set(factor, promise);
      promise.catch(() => { this.films.delete(factor); this.loading.textContent = ""; });
    }
    return this.films.get(factor);
  }

  async refresh() {
    const [left, right] = [kept.left, kept.right];
    const films = await Promise.all([this.film(left), ...(right ? [this.film(right)] : [])]);
    // A later choice may have been made while these frames came.
    if (left !== kept.left || right !== kept.right) return;
    this.viewer.show({ name: left, frames: films[0] }, right ? { name: right, frames: films[1] } : null);
    this.wipe.disabled = !right;
    this.go(this.at);
    this.stage.dataset.ready = `${this.clip.key.join("/")} ${left} ${right}`;
    await Promise.all([this.drawTraces(), this.selection.refresh()]);
  }

  get at() { return this.viewer.index; }

  go(index) {
    const last = this.clip.numbers.length - 1;
    const place = Math.max(0, Math.min(last, index));
    this.viewer.index = place;
    this.slider.value = place;
    this.viewer.draw();
    const number = this.clip.numbers[place];
    const time = ((place / this.clip.fps) * 1000).toFixed(0);
    this.where.textContent = `dataset frame ${number} · index ${place} of 0 to ${last} · ${time} ms`;
    this.slider.setAttribute("aria-valuetext", this.where.textContent);
    this.cursor?.(number);
  }

  run() {
    this.play.setAttribute("aria-pressed", "true");
    const begun = performance.now(), from = this.at, count = this.clip.numbers.length;
    const tick = () => {
      const passed = Math.floor(((performance.now() - begun) / 1000) * this.clip.fps * kept.speed);
      this.go((from + passed) % count);
      this.timer = requestAnimationFrame(tick);
    };
    this.timer = requestAnimationFrame(tick);
  }

  pause() {
    cancelAnimationFrame(this.timer);
    this.timer = null;
    this.play?.setAttribute("aria-pressed", "false");
  }

  setSpeed(speed) {
    kept.speed = speed;
    this.speed.value = String(speed);
    if (this.timer) { this.pause(); this.run(); }
  }

  togglePoints() {
    this.viewer.showPoints = !this.viewer.showPoints;
    document.getElementById("points").setAttribute("aria-pressed", String(this.viewer.showPoints));
    this.viewer.draw();
  }

  marked() {
    const { published, marks } = this.clip;
    this.corrected(Object.keys(marks).filter((name) => marks[name] !== published[name]));
    this.drawTraces().catch(fail);
    this.selection.refresh().catch(fail);
  }

  async drawTraces() {
    const factor = kept.left;
    if (!this.traces.has(factor)) {
      const words = new URLSearchParams({ preparation: this.preparation, factor });
      this.traces.set(factor, await get(`${url("clip", ...this.clip.key)}/traces?${words}`, this.signal));
    }
    if (factor !== kept.left || this.signal.aborted) return;
    const names = Object.keys(this.clip.points);
    const found = this.traces.get(factor).traces;
    const series = names.map((name, colour) => ({ name, colour, xs: this.clip.numbers, ys: found[name] }))
      .filter((line) => !kept.hidden.has(line.name));
    const marks = Object.entries(this.clip.marks).filter(([, v]) => v != null).map(([text, x]) => ({ x, text }));
    if (this.clip.marks.apex == null) marks.push({ x: this.clip.found_apex, text: "largest motion" });
    if (series.length) {
      const made = chart(series, { x: "dataset frame", y: "moved (px)", marks });
      this.trace.replaceChildren(made.root);
      this.cursor = made.move;
      this.cursor(this.clip.numbers[this.at]);
    } else {
      this.trace.replaceChildren(el("p", { class: "soft" }, "No point is chosen."));
      this.cursor = null;
    }
    this.legend.replaceChildren(`${factor}, against the onset frame:`, ...names.map((name, number) => {
      const swatch = el("span", { class: "swatch" });
      swatch.style.background = `var(--s${number})`;
      return el("label", {}, el("input", { type: "checkbox", checked: !kept.hidden.has(name), onchange: (e) => {
        if (e.target.checked) kept.hidden.delete(name); else kept.hidden.add(name);
        this.drawTraces().catch(fail);
      } }), swatch, name);
    }));
  }
}
