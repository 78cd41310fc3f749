// All frames of a clip at one factor, fetched once and held decoded: a step costs a draw, no more.

import { picture, url } from "./api.js";

const AT_ONCE = 6;

export async function loadFilm(key, preparation, factor, count, signal, progress) {
  const frames = new Array(count);
  let next = 0, done = 0;
  const words = new URLSearchParams({ preparation, factor });
  async function worker() {
    while (next < count) {
      const index = next++;
      frames[index] = await picture(`${url("clip", ...key)}/frames/${index}?${words}`, signal);
      progress(++done, count);
    }
  }
  // The first frame alone: the server magnifies the clip for it, and the others find it done.
  await (async () => {
    frames[0] = await picture(`${url("clip", ...key)}/frames/0?${words}`, signal);
    next = 1;
    progress(++done, count);
  })();
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return frames;
}
