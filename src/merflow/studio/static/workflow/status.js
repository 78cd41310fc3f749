// The workflow in the top bar: its progress, time left and Stop; then its result, until it was seen.

import { addressOf } from "../shared/address.js";
import { badge, progressBar } from "../shared/components.js";
import { action, el } from "../shared/elements.js";
import { dismissWorkflow, isDismissed, isRunning, onWorkflow, stopWorkflow } from "./workflow.js";

const ENDED = { done: ["done", "good"], failed: ["failed", "bad"], stopped: ["stopped", "warn"] };

export function showStatus(place) {
  let seen = 0;
  onWorkflow((state) => {
    if (state.state === "idle" || isDismissed(state)) return place.replaceChildren();
    if (isRunning()) return place.replaceChildren(...running(state));
    seen = state.state === "failed" ? 0 : state.id;
    return place.replaceChildren(...ended(state));
  });
  // The next view was opened: the result has been seen. A failure stays until it is dismissed.
  addEventListener("hashchange", () => { if (seen && !isRunning()) dismissWorkflow(seen); });
}

function running(state) {
  const stop = action("Stop workflow", "Shift+S", stopWorkflow, { disabled: state.state === "stopping", icon: "stop", class: "small" });
  return [el("span", { title: state.now || null }, `${state.title}: ${progressText(state)}`),
    progressBar("jobs done", state.done, state.total), stop];
}

export function progressText(state) {
  if (state.state === "stopping") return "stopping…";
  if (!state.total) return "starting…";
  const left = state.left && state.done < state.total ? `, about ${state.left} left` : "";
  return `${state.done} of ${state.total} jobs${left}`;
}

function ended(state) {
  const [text, kind] = ENDED[state.state];
  const link = state.state === "done" && state.address.length
    ? el("a", { href: addressOf(...state.address) }, "Show the result") : null;
  return [el("span", {}, state.title), badge(`${text} after ${duration(state.seconds)}`, kind), link,
    action("Dismiss", "", () => dismissWorkflow(state.id), { icon: "close", iconOnly: true, kind: "ghost" })].filter((part) => part);
}

function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
