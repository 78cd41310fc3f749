// The open clip: loads it and connects player, magnification, traces, marks and frame selection.

import { get, url } from "../shared/api.js";
import { el } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { setPage } from "../shared/page.js";
import { Player } from "./clip_player.js";
import { FrameSelection } from "./frame_selection.js";
import { FrameView } from "./frame_view.js";
import { loadFrames } from "./frames.js";
import { Magnification } from "./magnification.js";
import { Marks } from "./marks.js";
import { Traces } from "./traces.js";

// row: the clip's row of the list; corrected: called with the corrected marks after every save
export function openClip(row, found, stage, side, corrected) {
  const control = new AbortController();
  const clip = new OpenClip(row, found, stage, side, corrected, control.signal);
  clip.start().catch(fail);
  return () => { control.abort(); clip.player?.pause(); };
}

class OpenClip {
  constructor(row, found, stage, side, corrected, signal) {
    Object.assign(this, { row, found, stage, side, corrected, signal });
    this.preparation = row.preparations[0] || found.preparations[0];
    this.frames = new Map();
  }

  async start() {
    const name = this.row.key.join("/");
    const show = (text) => this.stage.replaceChildren(el("p", { class: "soft" }, text));
    this.side.replaceChildren();
    show(`${name}: loading…`);
    if (this.row.missing) throw new Error(`${name}: ${this.row.missing}`);
    if (!this.row.preparations.length) return show(`${name} has not been cropped yet. Datasets view: Prepare.`);
    try {
      this.clip = await get(`${url("clip", ...this.row.key)}?preparation=${encodeURIComponent(this.preparation)}`, this.signal);
    } catch (error) {
      if (error.name !== "AbortError") show(`${name} cannot be shown.`);
      throw error;
    }
    setPage(name, [["Clips", "#clips"]]);
    this.build();
    return this.refresh();
  }

  build() {
    const { clip, signal } = this;
    this.view = new FrameView(clip.size, clip.points);
    this.player?.pause();
    this.player = new Player(clip, this.view, (number) => this.traces.moveTo(number));
    this.traces = new Traces(clip, (factor) => this.query({ factor }), signal);
    this.magnification = new Magnification(this.found.factors, this.view, () => this.refresh(), (speed) => this.player.setSpeed(speed));
    this.marks = new Marks(clip, this.player, () => this.marked());
    this.selection = new FrameSelection({
      clip, signal, go: (index) => this.player.go(index), frames: () => this.load("x1"), query: (values) => this.query(values),
    });
    this.loading = el("span", { class: "soft", id: "loading", role: "status" });
    this.stage.replaceChildren(
      el("div", { class: "row" },
        el("span", { class: "soft" }, `${clip.emotion} ${clip.action_units ? `· AU ${clip.action_units}` : ""} · ${clip.fps} Hz`), this.loading),
      this.view.root, ...this.player.parts, this.traces.root);
    const preparations = this.found.preparations.length > 1 ? this.row.preparations : [];
    this.side.replaceChildren(this.magnification.card(preparations, this.preparation, (name) => this.prepare(name)),
      this.marks.root, this.selection.root);
  }

  query(values) { return new URLSearchParams({ preparation: this.preparation, ...values }); }

  async prepare(name) {
    this.preparation = name;
    this.frames.clear();
    await this.start();
  }

  async load(factor) {
    if (!this.frames.has(factor)) {
      const count = this.clip.numbers.length;
      const onProgress = (done) => { this.loading.textContent = done < count ? `${factor}: ${done} of ${count} frames` : ""; };
      this.loading.textContent = factor === "x1" ? "loading…" : `magnifying ${factor}…`;
      const frames = loadFrames(this.clip.key, this.query({ factor }), count, this.signal, onProgress);
      this.frames.set(factor, frames);
      frames.catch(() => { this.frames.delete(factor); this.loading.textContent = ""; });
    }
    return this.frames.get(factor);
  }

  async refresh() {
    const [left, right] = this.magnification.factors();
    const [first, second] = await Promise.all([this.load(left), right ? this.load(right) : null]);
    // The user may have chosen another factor while these frames were loaded.
    const now = this.magnification.factors();
    if (left !== now[0] || right !== now[1]) return;
    this.view.show({ name: left, frames: first }, right ? { name: right, frames: second } : null);
    this.player.go(this.player.at);
    this.stage.dataset.ready = `${this.clip.key.join("/")} ${left} ${right}`;
    await Promise.all([this.traces.draw(left), this.selection.refresh()]);
  }

  marked() {
    const { published, marks } = this.clip;
    this.corrected(Object.keys(marks).filter((name) => marks[name] !== published[name]));
    this.traces.draw(this.magnification.factors()[0]).catch(fail);
    this.selection.refresh().catch(fail);
  }
}
