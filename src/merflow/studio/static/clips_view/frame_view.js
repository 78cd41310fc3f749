// One frame at one factor, or at two with a wipe between them; traced points on top; zoom and pan.

import { el } from "../shared/elements.js";
import { imageColour } from "../shared/image_colours.js";

const MOST_ZOOM = 16;
const GRIP = 14;
const LINE = "#ffcc33";

export class FrameView {
  // wiped: called after the wipe was moved on the image
  constructor(size, points, wiped) {
    [this.height, this.width] = size;
    Object.assign(this, { points, wiped, left: null, right: null, wipe: 0.5, index: 0, showPoints: false, zoom: 1, x: 0, y: 0 });
    this.image = el("canvas", { id: "picture", width: this.width, height: this.height, role: "img", "aria-label": "frame" });
    this.overlay = el("canvas", { id: "overlay", width: this.width * 2, height: this.height * 2, "aria-hidden": "true" });
    this.leftTag = el("span", { class: "tag left" });
    this.rightTag = el("span", { class: "tag right" });
    this.layers = el("div", { class: "layers" }, this.image, this.overlay);
    this.root = el("div", { class: "stage", tabindex: 0, role: "group", "aria-label": "Picture; Alt with the arrow keys moves it when it is enlarged",
      onkeydown: (event) => this.key(event), ondblclick: () => this.fit() }, this.layers, this.leftTag, this.rightTag);
    this.root.style.aspectRatio = `${this.width} / ${this.height}`;
    this.root.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.root.addEventListener("pointerdown", (event) => this.grab(event));
    this.context = this.image.getContext("2d", { willReadFrequently: true });
  }

  // left, right: {name, frames}; right null: no comparison
  show(left, right) {
    this.left = left;
    this.right = right;
    this.leftTag.textContent = left.name;
    this.rightTag.textContent = right ? right.name : "";
    this.rightTag.hidden = !right;
    this.root.classList.toggle("compared", !!right);
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
      overlay.fillStyle = LINE;
      overlay.fillRect(at * 2 - 1, 0, 2, this.overlay.height);
    }
    if (!this.showPoints) return;
    Object.values(this.points).forEach(([x, y], number) => {
      overlay.strokeStyle = imageColour(number);
      overlay.lineWidth = 3;
      overlay.strokeRect(x * 2 - 8, y * 2 - 8, 16, 16);
    });
  }

  // Enlarge by a factor around a place of the stage (0..1); the image always covers the stage.
  enlarge(by, left = 0.5, top = 0.5) {
    const before = this.zoom;
    this.zoom = Math.max(1, Math.min(MOST_ZOOM, before * by));
    this.x = left - (left - this.x) * (this.zoom / before);
    this.y = top - (top - this.y) * (this.zoom / before);
    this.place();
  }

  fit() {
    this.zoom = 1;
    this.place();
  }

  pan(x, y) {
    this.x += x;
    this.y += y;
    this.place();
  }

  place() {
    const within = (at) => Math.max(1 - this.zoom, Math.min(0, at));
    this.x = within(this.x);
    this.y = within(this.y);
    this.layers.style.transform = `translate(${this.x * 100}%, ${this.y * 100}%) scale(${this.zoom})`;
    this.root.classList.toggle("zoomed", this.zoom > 1);
    this.root.dataset.zoom = this.zoom.toFixed(2);
  }

  wheel(event) {
    event.preventDefault();
    const box = this.root.getBoundingClientRect();
    this.enlarge(event.deltaY > 0 ? 0.8 : 1.25, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  }

  // Dragging moves the wipe where its line was taken, else the enlarged image.
  grab(event) {
    if (event.button) return;
    const box = this.root.getBoundingClientRect();
    const line = box.left + (this.x + this.wipe * this.zoom) * box.width;
    const wipes = this.right && Math.abs(event.clientX - line) < GRIP;
    if (!wipes && this.zoom === 1) return;
    event.preventDefault();
    this.root.setPointerCapture(event.pointerId);
    let [x, y] = [event.clientX, event.clientY];
    const move = (moved) => {
      if (wipes) {
        this.wipe = Math.max(0, Math.min(1, ((moved.clientX - box.left) / box.width - this.x) / this.zoom));
        this.draw();
        this.wiped(this.wipe);
      } else this.pan((moved.clientX - x) / box.width, (moved.clientY - y) / box.height);
      [x, y] = [moved.clientX, moved.clientY];
    };
    const end = () => { this.root.removeEventListener("pointermove", move); this.root.removeEventListener("pointerup", end); };
    this.root.addEventListener("pointermove", move);
    this.root.addEventListener("pointerup", end);
  }

  key(event) {
    const by = { ArrowLeft: [0.15, 0], ArrowRight: [-0.15, 0], ArrowUp: [0, 0.15], ArrowDown: [0, -0.15] }[event.key];
    if (!event.altKey || !by) return;
    event.preventDefault();
    this.pan(...by);
  }
}
