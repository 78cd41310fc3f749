// The player of a clip: slider, steps, playback.

import { action, el } from "../shared/elements.js";

let speed = 0.1;

export const playbackSpeed = () => speed;

export class Player {
  // moved: called with the dataset's frame number after every step
  constructor(clip, view, moved) {
    Object.assign(this, { clip, view, moved, timer: null, last: clip.numbers.length - 1 });
    this.slider = el("input", { type: "range", min: 0, max: this.last, value: 0, id: "frame", "aria-label": "Frame",
      oninput: () => this.go(+this.slider.value) });
    this.where = el("div", { class: "where", id: "where" });
    this.toggle = action("Play / pause", " ", () => (this.timer ? this.pause() : this.play()));
    const step = (label, key, to) => action(label, key, () => this.go(to()));
    this.parts = [this.where,
      el("div", { class: "slide" }, el("span", {}, "frame"), this.slider),
      el("div", { class: "row" }, step("First", "Home", () => 0), step("-10", "Shift+ArrowLeft", () => this.at - 10),
        step("-1", "ArrowLeft", () => this.at - 1), this.toggle, step("+1", "ArrowRight", () => this.at + 1),
        step("+10", "Shift+ArrowRight", () => this.at + 10), step("Last", "End", () => this.last))];
  }

  get at() { return this.view.index; }

  number() { return this.clip.numbers[this.at]; }

  goTo(number) { this.go(this.clip.numbers.indexOf(number)); }

  go(index) {
    const place = Math.max(0, Math.min(this.last, index));
    this.view.index = place;
    this.slider.value = place;
    this.view.draw();
    const time = ((place / this.clip.fps) * 1000).toFixed(0);
    this.where.textContent = `dataset frame ${this.number()} · index ${place} of 0 to ${this.last} · ${time} ms`;
    this.slider.setAttribute("aria-valuetext", this.where.textContent);
    this.moved(this.number());
  }

  play() {
    this.toggle.setAttribute("aria-pressed", "true");
    const started = performance.now(), from = this.at;
    const tick = () => {
      const passed = Math.floor(((performance.now() - started) / 1000) * this.clip.fps * speed);
      this.go((from + passed) % (this.last + 1));
      this.timer = requestAnimationFrame(tick);
    };
    this.timer = requestAnimationFrame(tick);
  }

  pause() {
    cancelAnimationFrame(this.timer);
    this.timer = null;
    this.toggle.setAttribute("aria-pressed", "false");
  }

  setSpeed(value) {
    speed = value;
    if (this.timer) { this.pause(); this.play(); }
  }
}
