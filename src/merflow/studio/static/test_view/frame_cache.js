// The decoded frames of a recording near the present one, loaded ahead, within a memory limit.

import { getImage, url } from "../shared/api.js";

const AHEAD = 40, AT_ONCE = 6;
const MEMORY = 256 * 2 ** 20;

export class FrameCache {
  constructor(test) {
    this.test = test;
    this.frames = new Map();
    this.waiting = new Map();
    const [height, width] = test.recording.size;
    this.limit = Math.max(2 * AHEAD, Math.floor(MEMORY / (height * width * 4)));
    this.control = new AbortController();
    this.at = 0;
  }

  has(index) { return this.frames.has(index); }
  get(index) { return this.frames.get(index); }
  close() { this.control.abort(); }

  async load(index) {
    if (this.frames.has(index)) return this.frames.get(index);
    if (!this.waiting.has(index)) {
      const loading = getImage(`${url("test", this.test.id, "frames")}/${index}`, this.control.signal).then((image) => {
        this.frames.set(index, image);
        this.evict();
        return image;
      }).finally(() => this.waiting.delete(index));
      this.waiting.set(index, loading);
    }
    return this.waiting.get(index);
  }

  // Remove the frames farthest from the present one; those behind it first.
  evict() {
    const distance = (index) => (index >= this.at ? index - this.at : 2 * (this.at - index));
    while (this.frames.size > this.limit) {
      const worst = [...this.frames.keys()].reduce((a, b) => (distance(b) > distance(a) ? b : a));
      this.frames.get(worst).close();
      this.frames.delete(worst);
    }
  }

  // Load every step-th of the next frames; count: frames that the server has.
  prefetch(count, step, failed) {
    for (let index = this.at; index < Math.min(count, this.at + AHEAD * step); index += step) {
      if (this.waiting.size >= AT_ONCE) return;
      if (!this.frames.has(index)) this.load(index).then(() => this.prefetch(count, step, failed), failed);
    }
  }
}
