// The camera: each frame is sent to the server on this machine, which returns the face and the newest
// prediction. Frames that the camera gives while one is under way are dropped and counted.

import { postImage } from "../shared/api.js";
import { el } from "../shared/elements.js";
import { settings } from "./settings.js";

const QUALITY = 0.92;
const HISTORY = 300;
const DRAW_MS = 300;

export async function openCamera() {
  if (!navigator.mediaDevices) throw new Error("this page may not use a camera\n  expected: an address on this machine, http://127.0.0.1 or http://localhost");
  try {
    const video = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    throw new Error(`camera: ${error.message || error.name}\n  to do: connect one, close other programs that use it, and allow it for this page`);
  }
}

export function stopStream(stream) {
  for (const track of stream?.getTracks() || []) track.stop();
}

export class Camera {
  // test: {id}; failed: called with the error that ended it
  constructor(test, classes, stream, screen, plots, failed) {
    Object.assign(this, { test, stream, screen, plots, failed });
    plots.classes = classes;
    this.video = el("video", { muted: true, playsinline: true });
    this.video.muted = true;
    this.canvas = document.createElement("canvas");
    this.rows = [];
    this.faces = [];
    this.given = this.answered = 0;
    this.waiting = false;
    this.ended = false;
    this.drawn = 0;
    this.rate = el("p", { class: "soft num", id: "rate", role: "status" });
    this.newest = el("p", { class: "soft num", id: "last-answer", role: "status" });
    this.root = el("div", { class: "stack", id: "camera" }, this.rate, this.newest);
  }

  async start() {
    this.video.srcObject = this.stream;
    await this.video.play();
    this.started = performance.now();
    this.canvas.width = this.video.videoWidth;
    this.canvas.height = this.video.videoHeight;
    this.next();
  }

  next() {
    if (!this.ended) this.video.requestVideoFrameCallback((now) => { this.next(); this.frame(now); });
  }

  async frame(now) {
    this.given += 1;
    if (this.waiting || this.ended) return;
    this.waiting = true;
    try {
      this.canvas.getContext("2d").drawImage(this.video, 0, 0);
      const jpeg = await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", QUALITY));
      const query = new URLSearchParams({ id: this.test.id, at: Math.max(0, Math.round(now - this.started)) });
      const found = await postImage(`/api/test/frame?${query}`, jpeg);
      if (!this.ended && !found.ended) this.take(found, now);
    } catch (error) {
      if (!this.ended) { this.close(); this.failed(error); }
    } finally { this.waiting = false; }
  }

  take({ box, points, prediction }, now) {
    const at = (now - this.started) / 1000;
    this.answered += 1;
    this.faces.push({ at, points });
    if (this.faces.length > HISTORY) this.faces.shift();
    this.screen.draw(this.canvas, [this.canvas.height, this.canvas.width], box, points, settings.indices);
    const seconds = (performance.now() - this.started) / 1000;
    this.rate.textContent = `camera ${(this.given / seconds).toFixed(1)} frames/s, ${(this.answered / seconds).toFixed(1)} analysed, ${this.given - this.answered} dropped`;
    if (prediction && prediction.number !== this.rows.at(-1)?.number) this.addPrediction(prediction, at);
    if (!box) this.screen.setLabel("no face");
    else if (!this.rows.length) this.screen.setLabel("settling");
    if (now - this.drawn > DRAW_MS) { this.drawn = now; this.drawTracks(); }
  }

  addPrediction(row, at) {
    this.rows.push({ ...row, at: +at.toFixed(2) });
    if (this.rows.length > HISTORY) this.rows.shift();
    const { label, probabilities, reason, first, last, fps, seconds } = row;
    const highest = probabilities ? ` ${Math.max(...probabilities).toFixed(2)}` : "";
    this.screen.setLabel(reason ? `no prediction: ${reason}` : label + highest,
      probabilities ? this.plots.classes.indexOf(label) : null);
    this.newest.textContent = `window of frames ${first} to ${last}, at ${fps.toFixed(1)} frames/s, predicted in ${seconds.toFixed(2)} s`;
    this.plots.drawNow(row);
  }

  drawTracks() {
    this.plots.drawTrend(this.rows, "seconds");
    this.plots.drawShare(this.rows);
    this.plots.drawTracks(this.faces.map((one) => +one.at.toFixed(2)), this.faces.map((one) => one.points),
      settings.indices, settings.track, "seconds");
  }

  close() {
    this.ended = true;
    stopStream(this.stream);
    this.video.srcObject = null;
  }
}
