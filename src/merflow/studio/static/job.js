// The one workflow job: started by the views, shown in the header, its output live.

import { get, post } from "./api.js";
import { action, el, fail } from "./ui.js";

let last = { state: "idle" };
let lines = [];
const watchers = new Set();

export const job = () => ({ ...last, lines });
export const busy = () => ["running", "stopping"].includes(last.state);

export function onJob(run) {
  watchers.add(run);
  run(job());
  return () => watchers.delete(run);
}

export async function startJob(what, name) {
  await take(await post("/api/workflow/start", { what, name }));
}

export async function stopJob() {
  await take(await post("/api/workflow/stop", { id: last.id }));
}

export async function unlock() {
  await take(await post("/api/workflow/unlock"));
}

async function take(state) {
  const other = state.id !== last.id;
  const ended = !other && busy() && !["running", "stopping"].includes(state.state);
  if (other) lines = [];
  // What start and stop answer with may hold lines that polling has shown already.
  if (state.next - state.lines.length <= lines.length) lines = lines.slice(0, state.next - state.lines.length).concat(state.lines);
  last = state;
  for (const run of watchers) run(job());
  if (ended && state.state === "failed") {
    fail(new Error(`${state.title}: failed (exit code ${state.code})\n${lines.slice(-40).join("\n")}`));
  }
}

async function poll() {
  try {
    const state = await get(`/api/workflow?after=${busy() ? lines.length : 0}`);
    const again = state.id !== last.id && busy() ? await get("/api/workflow?after=0") : state;
    await take(again);
    lost = false;
  } catch (error) {
    if (!lost) fail(error);
    lost = true;
  }
  setTimeout(poll, busy() ? 1000 : 4000);
}
let lost = false;

export function watchJob(place) {
  onJob((state) => {
    if (state.state === "idle") return place.replaceChildren();
    const far = state.total ? ` ${state.done} of ${state.total}` : "";
    const text = `${state.title}: ${state.state}${far}, ${Math.round(state.seconds)} s`;
    const bar = state.total ? el("progress", { max: state.total, value: state.done, "aria-label": "jobs done" }) : null;
    place.replaceChildren(el("span", {}, text), ...(bar && busy() ? [bar] : []),
      ...(busy() ? [action("Stop workflow", "Shift+S", stopJob, { disabled: state.state === "stopping" })] : []));
  });
  poll();
}

// The output of the job, and the way out of a lock that a crash left.
export function jobPanel() {
  const log = el("pre", { class: "log", id: "job-log", tabindex: "0", "aria-label": "Output of the workflow" });
  const help = el("div", { class: "row" });
  const panel = el("div", { class: "card" }, el("h2", {}, "Workflow output"), log, help);
  const leave = onJob((state) => {
    panel.hidden = state.state === "idle";
    const low = log.scrollTop + log.clientHeight >= log.scrollHeight - 20;
    log.textContent = state.lines.join("\n") || "starting…";
    if (low) log.scrollTop = log.scrollHeight;
    const locked = state.state === "failed" && state.lines.some((line) => /cannot be locked|LockException/.test(line));
    help.replaceChildren(...(locked ? [
      el("span", {}, "Another run holds this folder, or a crash left its lock. If nothing else runs:"),
      action("Remove the lock", "Shift+U", unlock)] : []));
  });
  return { panel, leave };
}
