// The camera: each frame goes to the server on this machine, and nowhere else; what is seen in it
// comes back. While one is under way, those that the camera gives meanwhile are dropped and counted.

import { send } from "./api.js";
import { el } from "./ui.js";

const QUALITY = 0.92;
const KEPT = 300;
const EVERY_MS = 300;

export class Camera {
  // test: {id}; use: {screen, plots, kept}; failed: told why it ended
  constructor(test, classes, stream, use, failed) {
    Object.assign(this, use, { test, stream, failed });
    this.plots.classes = classes;
    this.video = el("video", { muted: true, playsinline: true });
    this.video.muted = true;
    this.canvas = document.createElement("canvas");
    this.rows = [];
    this.seen = [];
    this.given = this.answered = 0;
    this.flying = false;
    this.ended = false;
    this.drawn = 0;
    this.rate = el("p", { class: "soft num", id: "rate", role: "status" });
    this.about = el("p", { class: "soft num", id: "last-answer", role: "status" });
    this.root = el("div", { class: "stack", id: "camera" }, this.rate, this.about);
  }

  async start() {
    this.video.srcObject = this.stream;
    await this.video.play();
    this.begun = performance.now();
    this.canvas.width = this.video.videoWidth;
    this.canvas.height = this.video.videoHeight;
    this.next();
  }

  next() {
    if (!this.ended) this.video.requestVideoFrameCallback((now) => { this.next(); this.frame(now); });
  }

  async frame(now) {
    this.given += 1;
    if (this.flying || this.ended) return;
    this.flying = true;
    try {
      this.canvas.getContext("2d").drawImage(this.video, 0, 0);
      const blob = await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", QUALITY));
      const words = new URLSearchParams({ id: this.test.id, at: Math.max(0, Math.round(now - this.begun)) });
      const said = await send(`/api/test/frame?${words}`, blob, "image/jpeg");
      if (!this.ended && !said.ended) this.take(said, now);
    } catch (error) {
      if (!this.ended) { this.close(); this.failed(error); }
    } finally { this.flying = false; }
  }

  take(said, now) {
    this.answered += 1;
    this.seen.push({ at: (now - this.begun) / 1000, points: said.points });
    if (this.seen.length > KEPT) this.seen.shift();
    const size = [this.canvas.height, this.canvas.width];
    this.screen.draw(this.canvas, size, said.box, said.points, this.kept.indices);
    const seconds = (performance.now() - this.begun) / 1000;
    this.rate.textContent = `camera ${(this.given / seconds).toFixed(1)} frames/s, ${(this.answered / seconds).toFixed(1)} looked at, ${this.given - this.answered} dropped`;
    const answer = said.answer;
    if (answer && answer.number !== this.rows.at(-1)?.number) this.newAnswer(answer, (now - this.begun) / 1000);
    if (!said.box) this.screen.say("no face");
    else if (!this.rows.length) this.screen.say("settling");
    if (now - this.drawn > EVERY_MS) { this.drawn = now; this.draw(); }
  }

  newAnswer(answer, at) {
    this.rows.push({ ...answer, at: +at.toFixed(2) });
    if (this.rows.length > KEPT) this.rows.shift();
    const sure = answer.chances ? ` ${Math.max(...answer.chances).toFixed(2)}` : "";
    this.screen.say(answer.reason ? `no answer: ${answer.reason}` : answer.answer + sure,
      answer.chances ? this.plots.classes.indexOf(answer.answer) : null);
    this.about.textContent = `window of frames ${answer.first} to ${answer.last}, at ${answer.fps.toFixed(1)} frames/s, answered in ${answer.seconds.toFixed(2)} s`;
    this.plots.drawNow(answer);
  }

  draw() {
    this.plots.drawTrend(this.rows, "seconds");
    this.plots.drawShare(this.rows);
    this.plots.drawTracks(this.seen.map((one) => +one.at.toFixed(2)), this.seen.map((one) => one.points),
      this.kept.indices, this.kept.what, "seconds");
  }

  drawTracks() { this.draw(); }

  close() {
    this.ended = true;
    for (const track of this.stream.getTracks()) track.stop();
    this.video.srcObject = null;
  }
}
