// The progress of a test, in words and as a bar.

import { el } from "../shared/elements.js";

// here: whether this page uses the camera
export function statusParts({ state, step, progress, seconds, title, recording, ready }, here) {
  if (state === "idle" || (state === "watching" && here)) return [];
  if (state === "watching") return ["the camera is used in another tab"];
  if (state !== "running") return [`${title}: ${state}, ${seconds} s`];
  const [done, total] = progress;
  const parts = [`${title}: ${step}${total ? `, ${done} of ${total}` : ""} (${Math.round(seconds)} s)`];
  if (total) parts.push(el("progress", { class: "wide", max: total, value: done, "aria-label": step }));
  if (recording && ready < recording.count) parts.push(el("p", { class: "soft" }, `${ready} of ${recording.count} frames`));
  return parts;
}
