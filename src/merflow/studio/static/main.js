// The page: views, theme, the running job. Everything shown comes from the server on this machine.

import { takeToken } from "./api.js";
import { clipsView } from "./clips.js";
import { datasetsView } from "./datasets.js";
import { watchJob } from "./job.js";
import { runsView } from "./runs.js";
import { testView } from "./test.js";
import { action, dismiss, el, fail, listen, openedBy } from "./ui.js";

const VIEWS = {
  datasets: ["Datasets", "Shift+D", datasetsView],
  clips: ["Clips", "Shift+C", clipsView],
  runs: ["Runs", "Shift+R", runsView],
  test: ["Test", "Shift+E", testView],
};

let leave = () => {};
let turn = 0;

async function show() {
  openedBy(location.hash);
  const [name, ...rest] = location.hash.slice(1).split("/").map(decodeURIComponent);
  const chosen = name in VIEWS ? name : "clips";
  const mine = ++turn;
  leave();
  leave = () => {};
  dismiss();
  for (const button of document.querySelectorAll("#nav button")) {
    if (button.id === `to-${chosen}`) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  const view = document.getElementById("view");
  // A place of its own: what an earlier view still waits for cannot end up in this one.
  const place = el("div", { class: "place" });
  view.replaceChildren(place);
  try {
    const left = await VIEWS[chosen][2](place, rest);
    // Someone may have gone on to another view while this one loaded.
    if (mine === turn) leave = left || leave; else left?.();
  } catch (error) {
    if (mine === turn) fail(error);
  }
}

function theme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
}

takeToken();
const kept = localStorage.getItem("theme");
if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
for (const [name, [label, key]] of Object.entries(VIEWS)) {
  document.getElementById("nav").append(action(label, key, () => { location.hash = name; }, { id: `to-${name}` }));
}
document.getElementById("tools").append(action("Dark / light", "Shift+T", theme));
listen();
addEventListener("hashchange", show);
addEventListener("unhandledrejection", (event) => fail(event.reason));
watchJob(document.getElementById("job"));
show();
