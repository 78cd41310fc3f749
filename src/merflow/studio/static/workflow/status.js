// The state of the workflow in the header, with its progress and the button that stops it.

import { action, el } from "../shared/elements.js";
import { isRunning, onWorkflow, stopWorkflow } from "./workflow.js";

export function showStatus(place) {
  onWorkflow((state) => {
    if (state.state === "idle") return place.replaceChildren();
    const progress = state.total ? ` ${state.done} of ${state.total}` : "";
    const parts = [el("span", {}, `${state.title}: ${state.state}${progress}, ${Math.round(state.seconds)} s`)];
    if (isRunning()) {
      if (state.total) parts.push(el("progress", { max: state.total, value: state.done, "aria-label": "jobs done" }));
      parts.push(action("Stop workflow", "Shift+S", stopWorkflow, { disabled: state.state === "stopping" }));
    }
    return place.replaceChildren(...parts);
  });
}
