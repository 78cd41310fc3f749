// The magnification card: factor shown, factor it is compared with, wipe, points, speed.

import { action, choice, el, nextOption } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { speedControl } from "../shared/speed_control.js";
import { playbackSpeed } from "./clip_player.js";

const SPEEDS = [0.02, 0.05, 0.1, 0.25, 0.5, 1];
const kept = { left: "x1", right: "" };

export class Magnification {
  // changed: called after another factor was chosen; setSpeed: called with another speed
  constructor(factors, view, changed, setSpeed) {
    Object.assign(this, { view, changed, setSpeed });
    const values = factors.map((name) => [name]);
    const set = (side) => (v) => { kept[side] = v; this.update().catch(fail); };
    this.left = choice("Shown", values, set("left"), kept.left);
    this.right = choice("Compared with", [["", "nothing"], ...values], set("right"), kept.right);
    this.wipe = el("input", { type: "range", min: 0, max: 100, value: 50, id: "wipe", "aria-label": "Wipe", disabled: !kept.right,
      oninput: () => { view.wipe = this.wipe.value / 100; view.draw(); } });
    this.points = action("Points", "t", () => this.togglePoints(), { "aria-pressed": "false", id: "points" });
  }

  factors() { return [kept.left, kept.right]; }

  update() {
    this.wipe.disabled = !kept.right;
    return this.changed();
  }

  // preparations: names to choose from; prepare: called with another one
  card(preparations, preparation, prepare) {
    const next = (select, side) => () => { kept[side] = nextOption(select); return this.update(); };
    const push = (by) => { this.wipe.value = +this.wipe.value + by; this.wipe.dispatchEvent(new Event("input")); };
    const rows = [el("h2", {}, "Magnification"),
      el("div", { class: "row" }, this.left, action("Next", "m", next(this.left, "left")),
        "with", this.right, action("Next", "w", next(this.right, "right"))),
      el("div", { class: "slide" }, el("span", {}, "wipe"), this.wipe),
      el("div", { class: "row" }, action("Wipe left", ",", () => push(-5)), action("Wipe right", ".", () => push(5)), this.points),
      el("div", { class: "row" }, speedControl(SPEEDS, playbackSpeed(), this.setSpeed))];
    if (preparations.length) {
      rows.push(el("div", { class: "row" }, "preparation", choice("Preparation", preparations.map((name) => [name]), prepare, preparation)));
    }
    return el("div", { class: "card" }, rows);
  }

  togglePoints() {
    this.view.showPoints = !this.view.showPoints;
    this.points.setAttribute("aria-pressed", String(this.view.showPoints));
    this.view.draw();
  }
}
