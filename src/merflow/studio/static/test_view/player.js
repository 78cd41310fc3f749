// The player of a tested recording. It plays at the recording's rate times the speed; frames that
// cannot be shown in time are counted as dropped. Faces and predictions are added as they are found.

import { get, getBlob, url } from "../shared/api.js";
import { menu } from "../shared/components.js";
import { saveFile } from "../shared/download.js";
import { action, el } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { toast } from "../shared/page.js";
import { speedControl } from "../shared/speed_control.js";
import { FrameCache } from "./frame_cache.js";
import { NONE } from "./plots.js";
import { saveSettings, settings } from "./settings.js";

const SPEEDS = [0.05, 0.1, 0.25, 0.5, 1, 2];

export class Player {
  // test: {id, recording}
  constructor(test, screen, plots) {
    Object.assign(this, { test, screen, plots, recording: test.recording, timer: null, rows: [], faces: [], ready: 0, answers: 0, done: false });
    this.last = this.recording.count - 1;
    this.cache = new FrameCache(test);
    this.shown = this.dropped = 0;
    this.build();
  }

  get at() { return this.cache.at; }
  set at(index) { this.cache.at = index; }

  build() {
    this.slider = el("input", { type: "range", min: 0, max: this.last, value: 0, id: "seek", "aria-label": "Seek",
      oninput: () => this.seek(+this.slider.value) });
    this.where = el("div", { class: "where", id: "where" });
    this.rate = el("div", { class: "soft num", id: "rate", role: "status" });
    this.toggle = action("Play / pause", " ", () => (this.timer ? this.pause() : this.play()), { "aria-pressed": "false", icon: "play" });
    const move = (label, key, to, shape) => action(label, key, () => this.seek(to()), { icon: shape, iconOnly: true });
    const steps = el("span", { class: "joined" }, move("First", "Home", () => 0, "first"), move("-10", "Shift+ArrowLeft", () => this.at - 10, "back10"),
      move("-1", "ArrowLeft", () => this.at - 1, "back"), move("+1", "ArrowRight", () => this.at + 1, "forward"),
      move("+10", "Shift+ArrowRight", () => this.at + 10, "forward10"), move("Last", "End", () => this.last, "last"));
    this.save = menu("Save", [["Predictions (CSV)", () => this.plots.saveRows(this.rows, "frame")], ["Intervals (CSV)", () => this.saveIntervals("merflow")],
      ["Intervals, MEGC 2023 (CSV)", () => this.saveIntervals("megc2023")], ["Intervals, spot then recognise (CSV)", () => this.saveIntervals("megc-str")],
      ["Video with labels (MP4)", () => this.saveFilm()]],
      { "aria-label": "Save predictions or video" });
    this.save.hidden = true;
    this.line = el("div", { class: "timeline", id: "timeline", role: "group", "aria-label": "Movements found" });
    this.root = el("div", { class: "stack", id: "player" }, this.where, this.slider, this.line,
      el("div", { class: "row" }, this.toggle, action("Stop", "s", () => this.stop(), { icon: "stop" }), steps, this.save),
      el("div", { class: "row" }, speedControl(SPEEDS, settings.speed, (speed) => this.setSpeed(speed))), this.rate);
  }

  close() {
    this.pause();
    this.cache.close();
  }

  // What the server has found so far. state: of the test
  async grow(state) {
    const first = this.ready === 0 && state.ready > 0;
    this.ready = state.ready;
    if (state.ready > this.faces.length) {
      const { faces } = await get(`${url("test", this.test.id, "faces")}?after=${this.faces.length}`, this.cache.control.signal);
      this.faces.push(...faces);
      this.drawTracks();
    }
    if (state.answers > this.answers) {
      this.answers = state.answers;
      await this.loadWindows();
    }
    if (first) await this.seek(this.at);
    else if (this.cache.has(this.at)) this.draw(this.cache.get(this.at));
  }

  async loadWindows() {
    const chosen = Object.entries(settings.recording).filter(([, frames]) => frames);
    const found = await get(`${url("test", this.test.id, "windows")}?${new URLSearchParams(chosen)}`, this.cache.control.signal);
    this.plots.classes = found.classes;
    this.done = found.complete;
    this.save.hidden = !found.complete;
    this.rows = found.rows.map((row) => {
      const middle = (row.first + row.last) / 2;
      return { ...row, middle, at: this.recording.numbers[Math.round(middle)] };
    });
    this.plots.drawTrend(this.rows, "frame");
    this.plots.spotter = found.spotter;
    this.drawLine(found.movements);
    this.showPosition();
  }

  // The movements below the slider, in the colours of their classes; a click goes to the first frame.
  drawLine(movements) {
    const { count, numbers } = this.recording;
    this.line.replaceChildren(...movements.map((one) => {
      const title = `${one.label}, frames ${numbers[one.first]} to ${numbers[one.last]}`;
      const bar = el("div", { class: "span", role: "img", title, "aria-label": title, onclick: () => this.seek(one.first) });
      const colour = this.plots.classes.indexOf(one.label);
      bar.style.left = `${(100 * one.first) / count}%`;
      bar.style.width = `${(100 * (one.last - one.first + 1)) / count}%`;
      bar.style.background = colour < 0 ? "var(--line)" : `var(--s${colour % 6})`;
      return bar;
    }));
  }

  async saveIntervals(form) {
    const text = await getBlob(`${url("test", this.test.id, "intervals")}?${new URLSearchParams({ form })}`);
    saveFile(`${this.plots.name}-intervals-${form}.csv`, text);
  }

  async saveFilm() {
    toast("The video is being made…");
    const chosen = Object.entries(settings.recording).filter(([, frames]) => frames);
    const film = await getBlob(`${url("test", this.test.id, "film")}?${new URLSearchParams(chosen)}`);
    saveFile(`${this.plots.name}-labels.mp4`, film);
  }

  drawTracks() {
    if (!this.faces.length) return;
    this.plots.drawTracks(this.recording.numbers.slice(0, this.faces.length), this.faces.map((one) => one.points), settings.indices, settings.track, "frame");
    this.plots.moveTo(this.recording.numbers[this.at]);
  }

  prefetch(step = 1) {
    this.cache.prefetch(this.ready, step, (error) => this.timer && fail(error));
  }

  async seek(index) {
    const playing = !!this.timer;
    this.pause();
    this.at = Math.max(0, Math.min(Math.max(0, this.ready - 1), index));
    this.showPosition();
    if (!this.ready) return;
    const mine = this.at;
    const image = await this.cache.load(mine);
    if (mine === this.at) this.draw(image);
    this.prefetch();
    if (playing) this.play();
  }

  draw(image) {
    const { box, points } = this.faces[this.at] || {};
    this.screen.draw(image, this.recording.size, box, points, settings.indices);
    this.screen.root.dataset.shown = this.at;
  }

  // The window with the middle nearest to the present frame.
  window() {
    const distance = (row) => Math.abs(row.middle - this.at);
    const row = this.rows.reduce((best, one) => (!best || distance(one) < distance(best) ? one : best), null);
    // While movements are being classified, frames far from any window that is known have none.
    return row && (this.done || (row.first <= this.at && this.at <= row.last)) ? row : null;
  }

  showPosition() {
    const number = this.recording.numbers[this.at];
    this.slider.value = this.at;
    this.where.textContent = `frame ${number} · index ${this.at} of 0 to ${this.last} · ${(this.at / this.recording.fps).toFixed(2)} s`;
    this.slider.setAttribute("aria-valuetext", this.where.textContent);
    const row = this.window();
    if (row && row.probabilities) {
      this.screen.setLabel(`${row.label} ${Math.max(...row.probabilities).toFixed(2)}`, this.plots.classes.indexOf(row.label));
    } else this.screen.setLabel(row ? row.label : this.done ? NONE : "being tested…");
    if (!this.rows.length) return undefined;
    this.plots.moveTo(number);
    this.plots.drawNow(row);
    return this.plots.drawShare(this.rows.filter((one) => one.middle <= this.at));
  }

  play() {
    if (!this.ready) return;
    if (this.at >= this.ready - 1) this.at = 0;
    this.toggle.setAttribute("aria-pressed", "true");
    this.shown = this.dropped = 0;
    const started = performance.now(), from = this.at, rate = this.recording.fps * settings.speed;
    const step = Math.max(1, Math.floor(rate / 60));
    let last = from - 1;
    const tick = () => {
      const seconds = (performance.now() - started) / 1000;
      const now = Math.min(this.ready - 1, from + Math.floor(seconds * rate));
      if (now > last && this.cache.has(now)) {
        this.shown += 1;
        this.dropped += now - last - 1;
        last = this.at = now;
        this.showPosition();
        this.draw(this.cache.get(now));
      }
      this.rate.textContent = `${rate.toFixed(0)} frames/s wanted, ${(this.shown / seconds).toFixed(0)} shown, ${this.dropped} dropped`;
      if (now >= this.ready - 1 && last === now) return this.pause();
      if (now > last && !this.cache.has(now)) { this.at = now; this.cache.load(now).catch(fail); }
      this.prefetch(step);
      this.timer = requestAnimationFrame(tick);
    };
    this.timer = requestAnimationFrame(tick);
  }

  pause() {
    cancelAnimationFrame(this.timer);
    this.timer = null;
    this.toggle.setAttribute("aria-pressed", "false");
  }

  async stop() {
    this.pause();
    await this.seek(0);
  }

  setSpeed(speed) {
    settings.speed = speed;
    saveSettings();
    if (this.timer) { this.pause(); this.play(); }
  }
}
