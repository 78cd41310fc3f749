// The output of the workflow, and the button that removes the lock of a crashed one.

import { action, el } from "../shared/elements.js";
import { isDismissed, onWorkflow, unlock } from "./workflow.js";

export function outputPanel() {
  const log = el("pre", { class: "log", id: "job-log", tabindex: "0", "aria-label": "Output of the workflow" });
  const help = el("div", { class: "row" });
  const panel = el("div", { class: "card" }, el("h2", {}, "Workflow output"), log, help);
  // Before the panel is in the page it has no height: its end is shown with the first frame.
  requestAnimationFrame(() => { log.scrollTop = log.scrollHeight; });
  const leave = onWorkflow((state) => {
    panel.hidden = state.state === "idle" || (state.state !== "failed" && isDismissed(state));
    const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 20;
    log.textContent = state.lines.join("\n") || "starting…";
    if (atEnd) log.scrollTop = log.scrollHeight;
    const locked = state.state === "failed" && state.lines.some((line) => /cannot be locked|LockException/.test(line));
    help.replaceChildren(...(locked ? [
      el("span", {}, "Another Snakemake uses this folder, or a crashed one left its lock. If nothing else runs:"),
      action("Remove the lock", "Shift+U", unlock)] : []));
  });
  return { panel, leave };
}
