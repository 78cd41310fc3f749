// The page: views, navigation, top bar. All data comes from the server on this machine.

import { clipsView } from "./clips_view/clips_view.js";
import { datasetsView } from "./datasets_view/datasets_view.js";
import { experimentsView } from "./experiments_view/experiments_view.js";
import { ownClipsView } from "./own_clips_view/own_clips_view.js";
import { projectsView } from "./projects_view/projects_view.js";
import { runsView } from "./runs_view/runs_view.js";
import { openedWith } from "./shared/address.js";
import { get } from "./shared/api.js";
import { dismiss, dismissError, showError } from "./shared/banner.js";
import { action, el } from "./shared/elements.js";
import { fail, onError } from "./shared/errors.js";
import { showAbout, showKeys } from "./shared/help.js";
import { icon } from "./shared/icons.js";
import { ariaKey, keyLabel, listenToKeys } from "./shared/keyboard.js";
import { setPage } from "./shared/page.js";
import { project, setProject } from "./shared/project.js";
import { takeToken } from "./shared/session_token.js";
import { restoreTheme, toggleTheme } from "./shared/theme.js";
import { testView } from "./test_view/test_view.js";
import { showStatus } from "./workflow/status.js";
import { watchWorkflow } from "./workflow/workflow.js";

// Address -> name, shortcut, icon, and the function that draws the view into an element and returns
// what ends it. A view with the address of another one at its end is reached from that one.
const VIEWS = {
  projects: ["Project", "Shift+P", "project", projectsView],
  datasets: ["Data", "Shift+D", "data", datasetsView],
  own: ["Own clips", "", "edit", ownClipsView, "datasets"],
  clips: ["Clips", "Shift+C", "clips", clipsView],
  experiments: ["Experiments", "Shift+X", "experiments", experimentsView],
  runs: ["Runs", "Shift+R", "runs", runsView],
  test: ["Test", "Shift+E", "test", testView],
};
const FIRST = "clips";
// Without a project there is only the view that offers one.
const START = "projects";

let leave = () => {};
let turn = 0;

async function show() {
  openedWith(location.hash);
  const [name, ...rest] = location.hash.slice(1).split("/").map(decodeURIComponent);
  const chosen = !project().open ? START : name in VIEWS ? name : FIRST;
  const [label, , , open, above] = VIEWS[chosen];
  const mine = ++turn;
  leave();
  leave = () => {};
  dismiss();
  document.querySelector("dialog[open]")?.close();
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.id === `to-${above || chosen}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  setPage(label, above ? [[VIEWS[above][0], `#${above}`]] : []);
  // A new element for each view: late responses of an earlier view cannot appear in this one.
  const place = el("div", { class: "place", "data-view": chosen });
  document.getElementById("view").replaceChildren(place);
  try {
    const left = await open(place, rest);
    // The user may have opened another view while this one loaded.
    if (mine === turn) leave = left || leave; else left?.();
  } catch (error) {
    if (mine === turn) fail(error);
  }
}

function build() {
  for (const [name, [label, key, shape, , above]] of Object.entries(VIEWS)) {
    if (above || (!project().open && name !== START)) continue;
    document.getElementById("nav").append(el("a", { href: `#${name}`, id: `to-${name}`, "data-key": key,
      "aria-keyshortcuts": ariaKey(key), title: `${label} (${keyLabel(key)})` }, icon(shape), el("span", {}, label)));
  }
  document.getElementById("brand").prepend(icon("mark"));
  const tool = (label, key, run, shape, id) => action(label, key, run, { icon: shape, iconOnly: true, kind: "ghost", id });
  document.getElementById("tools").append(
    tool("Dark or light", "Shift+T", toggleTheme, "moon", "theme"),
    tool("Keyboard shortcuts", "?", showKeys, "keyboard", "show-keys"),
    tool("About and documentation", "", showAbout, "info", "show-about"));
  document.getElementById("skip").addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("view").focus();
  });
}

onError(showError, dismissError);
takeToken();
restoreTheme();
addEventListener("unhandledrejection", (event) => fail(event.reason));
try { setProject(await get("/api/project")); } catch (error) { fail(error); }
build();
listenToKeys();
addEventListener("hashchange", show);
if (project().open) {
  showStatus(document.getElementById("job"));
  watchWorkflow();
}
show();
