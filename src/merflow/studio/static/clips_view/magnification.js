// The magnification card: the factor on the left, the one it is compared with, wipe, points, speed.

import { segmented } from "../shared/components.js";
import { action, choice, el } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { speedControl } from "../shared/speed_control.js";
import { playbackSpeed } from "./clip_player.js";

const SPEEDS = [0.02, 0.05, 0.1, 0.25, 0.5, 1];
const kept = { left: "x1", right: "x10", compared: true };

// Show a run's factor beside x1, or x1 alone for a run without magnification.
export function showFactor(factor, factors) {
  if (!factors.includes(factor)) return;
  Object.assign(kept, { left: "x1", right: factor === "x1" ? kept.right : factor, compared: factor !== "x1" });
}

export class Magnification {
  // changed: called after another factor was chosen; setSpeed: called with another speed
  constructor(factors, view, changed, setSpeed) {
    Object.assign(this, { factors, view, changed, setSpeed });
    const values = factors.map((name) => [name]);
    this.left = segmented("Factor on the left", values, (v) => this.set("left", v), kept.left);
    this.right = segmented("Factor on the right", values, (v) => this.set("right", v), kept.right);
    this.compare = action("Compare", "w", () => this.setCompared(!kept.compared), { id: "compare", "aria-label": "Compare two factors", class: "small" });
    this.wipe = el("input", { type: "range", min: 0, max: 100, value: 50, id: "wipe", "aria-label": "Wipe",
      oninput: () => { view.wipe = this.wipe.value / 100; view.draw(); } });
    this.points = action("Points", "t", () => this.togglePoints(), { "aria-pressed": "false", id: "points", "aria-label": "Traced points" });
  }

  chosen() { return [kept.left, kept.compared ? kept.right : ""]; }

  set(side, value) {
    kept[side] = value;
    this[side].value = value;
    this.changed().catch(fail);
  }

  next(side) {
    this.set(side, this.factors[(this.factors.indexOf(kept[side]) + 1) % this.factors.length]);
  }

  setCompared(compared) {
    kept.compared = compared;
    this.draw();
    this.changed().catch(fail);
  }

  draw() {
    this.compare.setAttribute("aria-pressed", String(kept.compared));
    for (const part of this.compared) part.hidden = !kept.compared;
  }

  // preparations: names to choose from; prepare: called with another one
  card(preparations, preparation, prepare) {
    const push = (by) => { this.wipe.value = +this.wipe.value + by; this.wipe.dispatchEvent(new Event("input")); };
    const small = { kind: "ghost", iconOnly: true, class: "small" };
    const right = el("div", { class: "factor" }, el("span", {}, "Right"), this.right,
      action("Next factor on the right", "Shift+M", () => this.next("right"), { ...small, icon: "forward" }));
    const wipe = el("div", { class: "factor" }, el("label", { for: "wipe" }, "Wipe"), this.wipe,
      el("span", {}, action("Wipe to the left", ",", () => push(-5), { ...small, icon: "back" }), action("Wipe to the right", ".", () => push(5), { ...small, icon: "forward" })));
    this.compared = [right, wipe];
    this.draw();
    return el("div", { class: "card", id: "magnification" },
      el("div", { class: "card-head" }, el("h2", {}, "Magnification"), this.compare),
      el("div", { class: "factor" }, el("span", {}, "Left"), this.left, action("Next factor on the left", "m", () => this.next("left"), { ...small, icon: "forward" })),
      right, wipe,
      el("div", { class: "row" }, this.points, speedControl(SPEEDS, playbackSpeed(), this.setSpeed),
        preparations.length ? choice("Preparation", preparations.map((name) => [name]), prepare, preparation) : null));
  }

  togglePoints() {
    this.view.showPoints = !this.view.showPoints;
    this.points.setAttribute("aria-pressed", String(this.view.showPoints));
    this.view.draw();
  }
}
