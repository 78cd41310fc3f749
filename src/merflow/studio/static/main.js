// The page: views, theme, header. All data comes from the server on this machine.

import { clipsView } from "./clips_view/clips_view.js";
import { datasetsView } from "./datasets_view/datasets_view.js";
import { runsView } from "./runs_view/runs_view.js";
import { openedWith } from "./shared/address.js";
import { dismiss, showError } from "./shared/banner.js";
import { action, el } from "./shared/elements.js";
import { fail, onError } from "./shared/errors.js";
import { listenToKeys } from "./shared/keyboard.js";
import { takeToken } from "./shared/session_token.js";
import { restoreTheme, toggleTheme } from "./shared/theme.js";
import { testView } from "./test_view/test_view.js";
import { showStatus } from "./workflow/status.js";
import { watchWorkflow } from "./workflow/workflow.js";

const VIEWS = {
  datasets: ["Datasets", "Shift+D", datasetsView],
  clips: ["Clips", "Shift+C", clipsView],
  runs: ["Runs", "Shift+R", runsView],
  test: ["Test", "Shift+E", testView],
};

let leave = () => {};
let turn = 0;

async function show() {
  openedWith(location.hash);
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
  // A new element for each view: late responses of an earlier view cannot appear in this one.
  const place = el("div", { class: "place" });
  document.getElementById("view").replaceChildren(place);
  try {
    const left = await VIEWS[chosen][2](place, rest);
    // The user may have opened another view while this one loaded.
    if (mine === turn) leave = left || leave; else left?.();
  } catch (error) {
    if (mine === turn) fail(error);
  }
}

onError(showError);
takeToken();
restoreTheme();
for (const [name, [label, key]] of Object.entries(VIEWS)) {
  document.getElementById("nav").append(action(label, key, () => { location.hash = name; }, { id: `to-${name}` }));
}
document.getElementById("tools").append(action("Dark / light", "Shift+T", toggleTheme));
listenToKeys();
addEventListener("hashchange", show);
addEventListener("unhandledrejection", (event) => fail(event.reason));
showStatus(document.getElementById("job"));
watchWorkflow();
show();
