// The player of a recording that is cut: frames by number, as they are decoded in order.

import { get, getImage, post } from "../shared/api.js";
import { action, el } from "../shared/elements.js";
import { fail } from "../shared/errors.js";

const KEPT = 240;
const POLL_MS = 500;

// path: absolute; shown(frame): called when another frame is shown; state(facts): called with what the
// server says of the recording. Returns { root, id, go(frame), at(), facts(), leave() }.
export async function recordingPlayer(path, { shown, state }) {
  let facts = await post("/api/own-clips/recording", { path });
  // Another window may open another recording: every request says which one it means.
  const { id } = facts;
  let at = 0, turn = 0, gone = false, playing = 0, wanted = 0;
  const cache = new Map();
  const canvas = el("canvas", { id: "recording", width: 640, height: 360, role: "img", "aria-label": "Frame of the recording" });
  const where = el("span", { class: "num", id: "frame-number", role: "status" });
  const slider = el("input", { type: "range", min: 0, max: 0, value: 0, "aria-label": "Frame", id: "frame-slider", oninput: () => go(+slider.value) });
  const step = (label, key, by, icon) => action(label, key, () => go(at + by), { icon, iconOnly: true });
  const play = action("Play or pause", " ", toggle, { icon: "play", iconOnly: true, id: "play" });
  const buttons = el("div", { class: "row transport" }, action("First frame", "Home", () => go(0), { icon: "first", iconOnly: true }), step("Back 10 frames", "Shift+ArrowLeft", -10, "back10"),
    step("Back one frame", "ArrowLeft", -1, "back"), play, step("Forward one frame", "ArrowRight", 1, "forward"),
    step("Forward 10 frames", "Shift+ArrowRight", 10, "forward10"), action("Last frame", "End", () => go(facts.count - 1), { icon: "last", iconOnly: true }), where);
  const root = el("div", { class: "stack" }, el("div", { class: "screen-box" }, canvas), slider, buttons);

  const address = (frame) => `/api/own-clips/recording/frames/${frame}?id=${id}`;

  async function image(frame) {
    if (cache.has(frame)) {
      const found = cache.get(frame);
      cache.delete(frame);
      cache.set(frame, found);
      return found;
    }
    const loading = getImage(address(frame));
    cache.set(frame, loading);
    loading.catch(() => cache.delete(frame));
    while (cache.size > KEPT) cache.delete(cache.keys().next().value);
    return loading;
  }

  async function draw() {
    const mine = ++turn;
    if (!facts.ready) return;
    try {
      const picture = await image(at);
      if (gone || mine !== turn) return;
      canvas.width = picture.width;
      canvas.height = picture.height;
      canvas.getContext("2d").drawImage(picture, 0, 0);
      canvas.dataset.frame = at;
      for (let ahead = 1; ahead <= 8; ahead += 1) if (at + ahead < facts.ready) image(at + ahead).catch(() => {});
    } catch (error) { if (!gone) fail(error); }
  }

  function go(frame) {
    wanted = Math.max(0, Math.min(facts.count - 1, frame));
    const next = Math.min(wanted, Math.max(0, facts.ready - 1));
    at = next;
    label();
    shown(at);
    draw();
  }

  function label() {
    slider.value = at;
    slider.setAttribute("aria-valuetext", `frame ${at}`);
    where.textContent = `frame ${at} (0 to ${facts.count - 1}) · ${facts.fps ? (at / facts.fps).toFixed(3) : "?"} s`;
  }

  function toggle() {
    if (playing) return pause();
    const from = at, start = performance.now();
    playing = requestAnimationFrame(function next(now) {
      const frame = from + Math.floor(((now - start) / 1000) * (facts.fps || 25));
      if (gone || frame >= facts.ready) return pause();
      if (frame !== at) go(frame);
      playing = requestAnimationFrame(next);
      return undefined;
    });
    return undefined;
  }

  function pause() {
    cancelAnimationFrame(playing);
    playing = 0;
  }

  async function watch() {
    for (;;) {
      const first = !facts.ready;
      facts = await get(`/api/own-clips/recording?id=${id}`);
      if (gone) return;
      slider.max = facts.count - 1;
      state(facts);
      if (first && facts.ready) draw();
      if (wanted > at && facts.ready > at + 1 && !playing) go(wanted); else label();
      if (facts.state !== "reading") return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  label();
  slider.max = facts.count - 1;
  draw();
  watch().catch((error) => { if (!gone) fail(error); });
  return { root, id, go, at: () => at, facts: () => facts, leave: () => { gone = true; pause(); post("/api/own-clips/recording/close", { id }).catch(() => {}); } };
}
