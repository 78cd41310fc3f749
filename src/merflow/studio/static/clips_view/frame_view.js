// One frame at one factor, or at two with a wipe between them; traced points on top.

import { el } from "../shared/elements.js";
import { imageColour } from "../shared/image_colours.js";

export class FrameView {
  constructor(size, points) {
    [this.height, this.width] = size;
    this.points = points;
    this.left = null;
    this.right = null;
    this.wipe = 0.5;
    this.index = 0;
    this.showPoints = false;
    this.image = el("canvas", { id: "picture", width: this.width, height: this.height, role: "img", "aria-label": "frame" });
    this.overlay = el("canvas", { id: "overlay", width: this.width * 2, height: this.height * 2 });
    this.leftTag = el("span", { class: "tag left" });
    this.rightTag = el("span", { class: "tag right" });
    this.root = el("div", { class: "stage" }, this.image, this.overlay, this.leftTag, this.rightTag);
    this.context = this.image.getContext("2d", { willReadFrequently: true });
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
    const overlay = this.overlay.getContext("2d");
    overlay.clearRect(0, 0, this.overlay.width, this.overlay.height);
    if (this.right) {
      overlay.fillStyle = "#ffcc33";
      overlay.fillRect(at * 2 - 1, 0, 2, this.overlay.height);
    }
    if (!this.showPoints) return;
    Object.values(this.points).forEach(([x, y], number) => {
      overlay.strokeStyle = imageColour(number);
      overlay.lineWidth = 3;
      overlay.strokeRect(x * 2 - 8, y * 2 - 8, 16, 16);
    });
  }
}
