// The image of the Test view, with the face, the chosen landmarks and the label on top.

import { el } from "../shared/elements.js";
import { imageColour } from "../shared/image_colours.js";

export class Screen {
  constructor() {
    this.image = el("canvas", { id: "screen", width: 640, height: 480, role: "img", "aria-label": "image" });
    this.overlay = el("canvas", { class: "over" });
    this.label = el("div", { class: "answer", id: "label", role: "status" });
    this.root = el("div", { class: "screen" }, this.image, this.overlay, this.label);
    this.clear("Open a recording or the camera.");
  }

  clear(text) {
    this.image.getContext("2d").clearRect(0, 0, this.image.width, this.image.height);
    this.overlay.getContext("2d").clearRect(0, 0, this.overlay.width, this.overlay.height);
    this.setLabel(text);
  }

  setLabel(text, colour) {
    this.label.textContent = text;
    this.label.style.borderColor = colour == null ? "transparent" : imageColour(colour);
  }

  // size: [height, width] of the frame, in whose pixels box and points are; the image may be smaller.
  draw(image, size, box, points, indices) {
    if (this.image.width !== image.width || this.image.height !== image.height) {
      this.image.width = image.width;
      this.image.height = image.height;
      this.root.style.aspectRatio = `${image.width} / ${image.height}`;
    }
    this.image.getContext("2d").drawImage(image, 0, 0);
    this.drawOver(size, box, points, indices);
  }

  drawOver([height, width], box, points, indices) {
    // Drawn at its size on the page, so that lines and numbers are sharp.
    const scale = (this.root.clientWidth || 640) * devicePixelRatio / width;
    this.overlay.width = Math.round(width * scale);
    this.overlay.height = Math.round(height * scale);
    const overlay = this.overlay.getContext("2d");
    if (!box) return;
    overlay.lineWidth = 2;
    overlay.strokeStyle = "#ffcc33";
    overlay.strokeRect(box[0] * scale, box[1] * scale, (box[2] - box[0]) * scale, (box[3] - box[1]) * scale);
    overlay.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    (points || []).forEach(([x, y], i) => {
      const chosen = indices.indexOf(i);
      overlay.fillStyle = chosen < 0 ? "#ffffffb0" : imageColour(chosen);
      overlay.beginPath();
      overlay.arc(x * scale, y * scale, (chosen < 0 ? 1.5 : 4) * devicePixelRatio, 0, 7);
      overlay.fill();
      if (chosen < 0) return;
      overlay.strokeStyle = "#000";
      overlay.strokeText(i, x * scale + 6, y * scale - 5);
      overlay.fillText(i, x * scale + 6, y * scale - 5);
    });
  }
}
