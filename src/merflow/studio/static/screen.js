// The picture of the Test view with what is found in it: face, chosen landmarks, answer.

import { el } from "./ui.js";

const COLOURS = ["#6cb2f7", "#f5a74b", "#57c06d", "#d48be3", "#ff8a80", "#4fd1c5"];

export class Screen {
  constructor() {
    this.picture = el("canvas", { id: "screen", width: 640, height: 480, role: "img", "aria-label": "picture" });
    this.overlay = el("canvas", { class: "over" });
    this.label = el("div", { class: "answer", id: "label", role: "status" });
    this.root = el("div", { class: "screen" }, this.picture, this.overlay, this.label);
    this.clear("Open a recording or the camera.");
  }

  clear(text) {
    this.picture.getContext("2d").clearRect(0, 0, this.picture.width, this.picture.height);
    this.overlay.getContext("2d").clearRect(0, 0, this.overlay.width, this.overlay.height);
    this.say(text);
  }

  say(text, colour) {
    this.label.textContent = text;
    this.label.style.borderColor = colour == null ? "transparent" : COLOURS[colour % COLOURS.length];
  }

  // size: [height, width] that box and points are given in; the picture may be smaller.
  draw(image, size, box, points, indices) {
    if (this.picture.width !== image.width || this.picture.height !== image.height) {
      this.picture.width = image.width;
      this.picture.height = image.height;
      this.root.style.aspectRatio = `${image.width} / ${image.height}`;
    }
    this.picture.getContext("2d").drawImage(image, 0, 0);
    this.drawOver(size, box, points, indices);
  }

  drawOver([height, width], box, points, indices) {
    // Drawn at the size it is seen at, so that lines and numbers are sharp.
    const scale = (this.root.clientWidth || 640) * devicePixelRatio / width;
    this.overlay.width = Math.round(width * scale);
    this.overlay.height = Math.round(height * scale);
    const over = this.overlay.getContext("2d");
    if (!box) return;
    over.lineWidth = 2;
    over.strokeStyle = "#ffcc33";
    over.strokeRect(box[0] * scale, box[1] * scale, (box[2] - box[0]) * scale, (box[3] - box[1]) * scale);
    over.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    (points || []).forEach(([x, y], i) => {
      const chosen = indices.indexOf(i);
      over.fillStyle = chosen < 0 ? "#ffffffb0" : COLOURS[chosen % COLOURS.length];
      over.beginPath();
      over.arc(x * scale, y * scale, (chosen < 0 ? 1.5 : 4) * devicePixelRatio, 0, 7);
      over.fill();
      if (chosen < 0) return;
      over.strokeStyle = "#000";
      over.strokeText(i, x * scale + 6, y * scale - 5);
      over.fillText(i, x * scale + 6, y * scale - 5);
    });
  }
}
