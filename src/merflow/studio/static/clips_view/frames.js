// All frames of a clip at one factor, loaded once and kept decoded, so that a step only draws.

import { getImage, url } from "../shared/api.js";

const AT_ONCE = 6;

export async function loadFrames(key, query, count, signal, onProgress) {
  const frames = new Array(count);
  let next = 0, done = 0;
  async function load(index) {
    frames[index] = await getImage(`${url("clip", ...key)}/frames/${index}?${query}`, signal);
    onProgress(++done, count);
  }
  async function worker() {
    while (next < count) await load(next++);
  }
  // The first frame alone: the server magnifies the whole clip for it.
  await load(next++);
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return frames;
}
