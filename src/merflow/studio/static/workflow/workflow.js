// The workflow: start, stop, unlock; its state and output, polled from the server.

import { get, post } from "../shared/api.js";
import { fail } from "../shared/errors.js";
import { project } from "../shared/project.js";

const ACTIVE = ["running", "stopping"];
let last = { state: "idle" };
let lines = [];
let lost = false;
const watchers = new Set();

export const workflowState = () => ({ ...last, lines });
export const isRunning = () => ACTIVE.includes(last.state);

// Call run(state) now and after every change; return the function that ends this.
export function onWorkflow(run) {
  watchers.add(run);
  run(workflowState());
  return () => watchers.delete(run);
}

// A result that was seen is shown no more, also after a reload.
const KEY = "merflow-seen-job";
const nameOf = (state) => `${project().id} ${state.id} ${state.title}`;
export const isDismissed = (state) => !ACTIVE.includes(state.state) && sessionStorage.getItem(KEY) === nameOf(state);
export function dismissWorkflow(id) {
  if (id !== last.id) return;
  sessionStorage.setItem(KEY, nameOf(last));
  for (const run of watchers) run(workflowState());
}

export async function startWorkflow(what, name) {
  take(await post("/api/workflow/start", { what, name }));
}

export async function stopWorkflow() {
  take(await post("/api/workflow/stop", { id: last.id }));
}

export async function unlock() {
  take(await post("/api/workflow/unlock"));
}

function take(state) {
  const other = state.id !== last.id;
  const ended = !other && isRunning() && !ACTIVE.includes(state.state);
  if (other) lines = [];
  // Responses to start and stop may repeat lines that polling has already brought.
  const first = state.next - state.lines.length;
  if (first <= lines.length) lines = lines.slice(0, first).concat(state.lines);
  last = state;
  for (const run of watchers) run(workflowState());
  if (ended && state.state === "failed") {
    fail(new Error(`${state.title}: failed (exit code ${state.code})\n${lines.slice(-40).join("\n")}`));
  }
}

export async function watchWorkflow() {
  try {
    const state = await get(`/api/workflow?after=${isRunning() ? lines.length : 0}`);
    take(state.id !== last.id && isRunning() ? await get("/api/workflow?after=0") : state);
    lost = false;
  } catch (error) {
    if (!lost) fail(error);
    lost = true;
  }
  setTimeout(watchWorkflow, isRunning() ? 1000 : 4000);
}
