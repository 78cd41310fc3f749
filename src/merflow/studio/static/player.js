// A tested recording played: its own rate times the speed; what cannot be shown in time is counted.

import { get, picture, url } from "./api.js";
import { NONE } from "./plots.js";
import { action, choice, el, fail } from "./ui.js";

const SPEEDS = [0.05, 0.1, 0.25, 0.5, 1, 2];
const AHEAD = 40, AT_ONCE = 6;
const MEMORY = 256 * 2 ** 20;

export class Player {
  // test: {id, reel}; use: {screen, plots, kept, remember}
  constructor(test, use) {
    Object.assign(this, use, { test, reel: test.reel });
    this.count = this.reel.count;
    this.held = new Map();
    this.waiting = new Map();
    const [height, width] = this.reel.size;
    this.room = Math.max(2 * AHEAD, Math.floor(MEMORY / (height * width * 4)));
    this.control = new AbortController();
    this.at = 0;
    this.timer = null;
    this.rows = [];
    this.result = null;
    this.ready = 0;
    this.shown = this.dropped = 0;
    this.build();
  }

  build() {
    this.slider = el("input", { type: "range", min: 0, max: this.count - 1, value: 0, id: "seek", "aria-label": "Seek",
      oninput: () => this.seek(+this.slider.value) });
    this.where = el("div", { class: "where", id: "where" });
    this.rate = el("div", { class: "soft num", id: "rate", role: "status" });
    this.toggle = action("Play / pause", " ", () => (this.timer ? this.pause() : this.play()), { "aria-pressed": "false" });
    this.speed = choice("Speed", SPEEDS.map((v) => [String(v), `${v} x real time`]), (v) => this.setSpeed(+v), String(this.kept.speed));
    const move = (label, key, to) => action(label, key, () => this.seek(to()));
    const faster = (by) => this.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(this.kept.speed) + by))]);
    this.root = el("div", { class: "stack", id: "player" }, this.where, this.slider,
      el("div", { class: "row" }, this.toggle, action("Stop", "s", () => this.stop()),
        move("-1", "ArrowLeft", () => this.at - 1), move("+1", "ArrowRight", () => this.at + 1),
        move("-10", "Shift+ArrowLeft", () => this.at - 10), move("+10", "Shift+ArrowRight", () => this.at + 10)),
      el("div", { class: "row" }, move("First", "Home", () => 0), move("Last", "End", () => this.count - 1), this.speed, action("Slower", "[", () => faster(-1)), action("Faster", "]", () => faster(1))), this.rate);
  }

  close() {
    this.pause();
    this.control.abort();
  }

  // The answers, once the test is done; before that the frames can be looked at already.
  async take(result) {
    this.result = result;
    this.plots.classes = result.classes;
    await this.window();
    this.drawTracks();
  }

  async window() {
    const { window, stride } = this.kept.film;
    const words = new URLSearchParams({ ...(window ? { window } : {}), ...(stride ? { stride } : {}) });
    const found = await get(`${url("test", this.test.id, "windows")}?${words}`, this.control.signal);
    this.rows = found.rows.map((row) => ({ ...row, at: this.reel.numbers[Math.round((row.first + row.last) / 2)],
      middle: (row.first + row.last) / 2 }));
    this.plots.drawTrend(this.rows, "frame");
    this.follow();
    return found;
  }

  drawTracks() {
    if (!this.result) return;
    this.plots.drawTracks(this.reel.numbers, this.result.points, this.kept.indices, this.kept.what, "frame");
    this.plots.moveTo(this.reel.numbers[this.at]);
  }

  // So many pictures are there: they come while the recording is being tested.
  more(ready) {
    const first = this.ready === 0 && ready > 0;
    this.ready = ready;
    return first ? this.seek(this.at) : undefined;
  }

  async fetch(index) {
    if (this.held.has(index)) return this.held.get(index);
    if (!this.waiting.has(index)) {
      const promise = picture(`${url("test", this.test.id, "frames")}/${index}`, this.control.signal).then((image) => {
        this.held.set(index, image);
        this.forget();
        return image;
      }).finally(() => this.waiting.delete(index));
      this.waiting.set(index, promise);
    }
    return this.waiting.get(index);
  }

  // The frames farthest behind, or ahead, are let go.
  forget() {
    while (this.held.size > this.room) {
      const far = (index) => (index >= this.at ? index - this.at : 2 * (this.at - index));
      const [worst] = [...this.held.keys()].reduce((best, index) => (far(index) > best[1] ? [index, far(index)] : best), [-1, -1]);
      this.held.get(worst).close();
      this.held.delete(worst);
    }
  }

  prefetch(step = 1) {
    for (let index = this.at; index < Math.min(this.ready, this.at + AHEAD * step); index += step) {
      if (this.waiting.size >= AT_ONCE) return;
      if (!this.held.has(index)) this.fetch(index).then(() => this.prefetch(step), (error) => this.timer && fail(error));
    }
  }

  async seek(index) {
    const playing = !!this.timer;
    this.pause();
    this.at = Math.max(0, Math.min(Math.max(0, this.ready - 1), index));
    this.follow();
    if (!this.ready) return;
    const mine = this.at;
    const image = await this.fetch(mine);
    if (mine === this.at) this.draw(image);
    this.prefetch();
    if (playing) this.play();
  }

  draw(image) {
    const box = this.result?.boxes[this.at], points = this.result?.points[this.at];
    this.screen.draw(image, this.reel.size, box, points, this.kept.indices);
    this.screen.root.dataset.shown = this.at;
  }

  row() {
    return this.rows.reduce((best, row) => (!best || Math.abs(row.middle - this.at) < Math.abs(best.middle - this.at) ? row : best), null);
  }

  follow() {
    const number = this.reel.numbers[this.at];
    this.slider.value = this.at;
    this.where.textContent = `frame ${number} · index ${this.at} of 0 to ${this.count - 1} · ${(this.at / this.reel.fps).toFixed(2)} s`;
    this.slider.setAttribute("aria-valuetext", this.where.textContent);
    if (!this.result) return this.screen.say("being tested…");
    const row = this.row();
    const told = row && row.answer !== NONE ? `${row.answer} ${Math.max(...row.chances).toFixed(2)}` : NONE;
    this.screen.say(told, row && row.answer !== NONE ? this.result.classes.indexOf(row.answer) : null);
    this.plots.moveTo(number);
    this.plots.drawNow(row);
    this.plots.drawShare(this.rows.filter((one) => one.middle <= this.at));
  }

  play() {
    if (!this.ready) return;
    if (this.at >= this.ready - 1) this.at = 0;
    this.toggle.setAttribute("aria-pressed", "true");
    this.shown = this.dropped = 0;
    const begun = performance.now(), from = this.at, rate = this.reel.fps * this.kept.speed;
    const step = Math.max(1, Math.floor(rate / 60));
    let last = from - 1;
    const tick = () => {
      const now = Math.min(this.ready - 1, from + Math.floor(((performance.now() - begun) / 1000) * rate));
      if (now > last && this.held.has(now)) {
        this.shown += 1;
        this.dropped += now - last - 1;
        last = this.at = now;
        this.follow();
        this.draw(this.held.get(now));
      }
      const seconds = (performance.now() - begun) / 1000;
      this.rate.textContent = `${rate.toFixed(0)} frames/s wanted, ${(this.shown / seconds).toFixed(0)} shown, ${this.dropped} dropped`;
      if (now >= this.ready - 1 && last === now) return this.pause();
      if (now > last && !this.held.has(now)) { this.at = now; this.fetch(now).catch(fail); }
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
    this.kept.speed = speed;
    this.remember();
    this.speed.value = String(speed);
    if (this.timer) { this.pause(); this.play(); }
  }
}
