// The player of a clip: slider, steps, playback.

import { action, el } from "../shared/elements.js";
import { icon } from "../shared/icons.js";

let speed = 0.1;

export const playbackSpeed = () => speed;

export class Player {
  // moved: called with the dataset's frame number after every step
  constructor(clip, view, moved) {
    Object.assign(this, { clip, view, moved, timer: null, last: clip.numbers.length - 1 });
    this.slider = el("input", { type: "range", min: 0, max: this.last, value: 0, id: "frame", "aria-label": "Frame",
      oninput: () => this.go(+this.slider.value) });
    this.where = el("div", { class: "where num", id: "where" });
    this.toggle = action("Play or pause", " ", () => (this.timer ? this.pause() : this.play()),
      { icon: "play", iconOnly: true, "aria-pressed": "false", group: "Playback", id: "play" });
    const step = (label, key, shape, to) => action(label, key, () => this.go(to()), { icon: shape, iconOnly: true, group: "Playback" });
    this.parts = [this.slider,
      el("div", { class: "row apart" }, el("div", { class: "joined" }, step("First frame", "Home", "first", () => 0),
        step("10 frames back", "Shift+ArrowLeft", "back10", () => this.at - 10), step("One frame back", "ArrowLeft", "back", () => this.at - 1),
        this.toggle, step("One frame on", "ArrowRight", "forward", () => this.at + 1),
        step("10 frames on", "Shift+ArrowRight", "forward10", () => this.at + 10), step("Last frame", "End", "last", () => this.last)),
      this.where)];
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
    this.showState(true);
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
    this.showState(false);
  }

  showState(plays) {
    this.toggle.setAttribute("aria-pressed", String(plays));
    this.toggle.firstChild.replaceWith(icon(plays ? "pause" : "play"));
  }

  setSpeed(value) {
    speed = value;
    if (this.timer) { this.pause(); this.play(); }
  }
}
