// The picture: one frame of one or two films, a wipe between them, the traced points over it.

import { el } from "./ui.js";

// On a picture the bright colours of the dark theme are seen in either theme.
const COLOURS = ["#6cb2f7", "#f5a74b", "#57c06d", "#d48be3"];

export class Viewer {
  constructor(size, points) {
    [this.height, this.width] = size;
    this.points = points;
    this.left = null;
    this.right = null;
    this.wipe = 0.5;
    this.index = 0;
    this.showPoints = false;
    this.picture = el("canvas", { id: "picture", width: this.width, height: this.height, role: "img", "aria-label": "frame" });
    this.overlay = el("canvas", { id: "overlay", width: this.width * 2, height: this.height * 2 });
    this.leftTag = el("span", { class: "tag left" });
    this.rightTag = el("span", { class: "tag right" });
    this.root = el("div", { class: "stage" }, this.picture, this.overlay, this.leftTag, this.rightTag);
    this.context = this.picture.getContext("2d", { willReadFrequently: true });
  }

  // left, right: {name, frames}; right null: no comparison
  show(left, right) {
    this.left = left;
    this.right = right;
    this.leftTag.textContent = left.name;
    this.rightTag.textContent = right ? right.name : "";
    this.rightTag.hidden = !right;
    this.draw();
  }

  draw() {
    if (!this.left?.frames[this.index]) return;
    this.context.drawImage(this.left.frames[this.index], 0, 0);
    const at = Math.round(this.wipe * this.width);
    if (this.right && at < this.width) {
      const rest = this.width - at;
      this.context.drawImage(this.right.frames[this.index], at, 0, rest, this.height, at, 0, rest, this.height);
    }
    this.drawOver(at);
  }

  drawOver(at) {
    const over = this.overlay.getContext("2d");
    over.clearRect(0, 0, this.overlay.width, this.overlay.height);
    if (this.right) {
      over.fillStyle = "#ffcc33";
      over.fillRect(at * 2 - 1, 0, 2, this.overlay.height);
    }
    if (!this.showPoints) return;
    Object.values(this.points).forEach(([x, y], number) => {
      over.strokeStyle = COLOURS[number % COLOURS.length];
      over.lineWidth = 3;
      over.strokeRect(x * 2 - 8, y * 2 - 8, 16, 16);
    });
  }
}
