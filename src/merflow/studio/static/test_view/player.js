// The player of a tested recording. It plays at the recording's rate times the speed; frames that
// cannot be shown in time are counted as dropped.

import { get, url } from "../shared/api.js";
import { action, el } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { speedControl } from "../shared/speed_control.js";
import { FrameCache } from "./frame_cache.js";
import { NONE } from "./plots.js";
import { saveSettings, settings } from "./settings.js";

const SPEEDS = [0.05, 0.1, 0.25, 0.5, 1, 2];

export class Player {
  // test: {id, recording}
  constructor(test, screen, plots) {
    Object.assign(this, { test, screen, plots, recording: test.recording, timer: null, rows: [], result: null, ready: 0 });
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
    this.toggle = action("Play / pause", " ", () => (this.timer ? this.pause() : this.play()), { "aria-pressed": "false" });
    const move = (label, key, to) => action(label, key, () => this.seek(to()));
    this.root = el("div", { class: "stack", id: "player" }, this.where, this.slider,
      el("div", { class: "row" }, this.toggle, action("Stop", "s", () => this.stop()),
        move("-1", "ArrowLeft", () => this.at - 1), move("+1", "ArrowRight", () => this.at + 1),
        move("-10", "Shift+ArrowLeft", () => this.at - 10), move("+10", "Shift+ArrowRight", () => this.at + 10)),
      el("div", { class: "row" }, move("First", "Home", () => 0), move("Last", "End", () => this.last),
        speedControl(SPEEDS, settings.speed, (speed) => this.setSpeed(speed))), this.rate);
  }

  close() {
    this.pause();
    this.cache.close();
  }

  // Take the predictions, after the test is done; frames are shown before that already.
  async take(result) {
    this.result = result;
    this.plots.classes = result.classes;
    await this.loadWindows();
    this.drawTracks();
  }

  async loadWindows() {
    const chosen = Object.entries(settings.recording).filter(([, frames]) => frames);
    const found = await get(`${url("test", this.test.id, "windows")}?${new URLSearchParams(chosen)}`, this.cache.control.signal);
    this.rows = found.rows.map((row) => {
      const middle = (row.first + row.last) / 2;
      return { ...row, middle, at: this.recording.numbers[Math.round(middle)] };
    });
    this.plots.drawTrend(this.rows, "frame");
    this.showPosition();
  }

  drawTracks() {
    if (!this.result) return;
    this.plots.drawTracks(this.recording.numbers, this.result.points, settings.indices, settings.track, "frame");
    this.plots.moveTo(this.recording.numbers[this.at]);
  }

  // The server has `ready` frames; they arrive while the recording is being tested.
  more(ready) {
    const first = this.ready === 0 && ready > 0;
    this.ready = ready;
    return first ? this.seek(this.at) : undefined;
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
    const box = this.result?.boxes[this.at], points = this.result?.points[this.at];
    this.screen.draw(image, this.recording.size, box, points, settings.indices);
    this.screen.root.dataset.shown = this.at;
  }

  // The window whose middle is nearest to the present frame.
  window() {
    const distance = (row) => Math.abs(row.middle - this.at);
    return this.rows.reduce((best, row) => (!best || distance(row) < distance(best) ? row : best), null);
  }

  showPosition() {
    const number = this.recording.numbers[this.at];
    this.slider.value = this.at;
    this.where.textContent = `frame ${number} · index ${this.at} of 0 to ${this.last} · ${(this.at / this.recording.fps).toFixed(2)} s`;
    this.slider.setAttribute("aria-valuetext", this.where.textContent);
    if (!this.result) return this.screen.setLabel("being tested…");
    const row = this.window();
    if (row && row.probabilities) {
      this.screen.setLabel(`${row.label} ${Math.max(...row.probabilities).toFixed(2)}`, this.result.classes.indexOf(row.label));
    } else this.screen.setLabel(row ? row.label : NONE);
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
