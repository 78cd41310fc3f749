// The Projects view: the demo, a new project, projects opened last, any other one.

import { get, post } from "../shared/api.js";
import { badge, field, note, openDialog, progressBar } from "../shared/components.js";
import { action, el } from "../shared/elements.js";
import { fail, sentences } from "../shared/errors.js";
import { folderPicker, pickFolder } from "../shared/folder_picker.js";
import { icon } from "../shared/icons.js";
import { project, reloadAt } from "../shared/project.js";

const TEMPLATES = [
  ["own", "Your own videos", "Videos or folders of frames of your recordings, with your classes."],
  ["megc2019", "SMIC, CASME II and SAMM", "The licensed datasets, pooled as in MEGC2019. You need copies of them."],
];

export async function projectsView(view) {
  const here = project();
  if (here.remote) {
    view.append(note("info", "Projects are chosen on the machine that runs merflow studio, without --host."));
    return undefined;
  }
  let gone = false;
  const recent = el("div", { id: "recent" });
  const progress = el("div", { id: "creation" });
  view.append(el("div", { class: "stack projects" },
    here.open ? openCard(here) : el("p", { class: "lead" }, "A project is a folder with a config, your data or links to it, and all results. Begin with the demo, or with your own recordings."),
    progress,
    el("div", { class: "starts" },
      startCard("play", "Try the demo", "Three small datasets of generated faces, and a config that runs every stage on them. No data needed; takes about a minute and 85 MB.",
        action("Create the demo", "", () => createDialog("demo"), { kind: here.open ? "" : "primary", id: "new-demo" })),
      startCard("plus", "New project", "A folder with a commented config, for your own recordings or for the licensed datasets.",
        action("New project", "n", () => createDialog("own"), { id: "new-project" })),
      startCard("folder", "Open a project", "Any folder on this machine that has config/config.yaml. Its Snakefile and programs start when you run it: open what you trust.",
        action("Open a folder", "o", openOther, { id: "open-other" }))),
    el("section", { class: "card", "aria-labelledby": "recent-title" }, el("h2", { id: "recent-title" }, "Opened last"), recent)));

  async function open(folder) {
    await post("/api/projects/open", { folder });
    reloadAt("datasets");
  }

  function openOther() {
    pickFolder("Open a project", { label: "Open this project", choose: (at) => open(at),
      fits: (shown) => (shown.project ? "" : "Not a project: it has no config/config.yaml.") });
  }

  function listRecent({ projects }) {
    const rows = projects.map((one) => {
      const present = here.open && one.folder === here.folder;
      const why = { missing: "missing", outside: "outside of --browse" }[one.state];
      return el("li", { class: "row" }, icon("project"),
        el("div", { class: "grow" }, el("strong", {}, one.name), el("div", { class: "soft small path" }, one.folder)),
        why ? badge(why, "warn") : present ? badge("open", "good") : null,
        one.state === "found" && !present ? action("Open", "", () => open(one.folder), { "aria-label": `Open ${one.name}`, class: "small" }) : null,
        action("Remove from the list", "", async () => listRecent(await post("/api/projects/forget", { folder: one.folder })),
          { icon: "close", iconOnly: true, kind: "ghost", "aria-label": `Remove ${one.name} from the list; its folder stays` }));
    });
    recent.replaceChildren(rows.length ? el("ul", { class: "plain" }, rows) : el("p", { class: "soft" }, "None yet."));
  }

  function createDialog(template) {
    const demo = template === "demo";
    const name = el("input", { type: "text", value: demo ? "merflow-demo" : "", required: true, id: "project-name", autocomplete: "off" });
    const named = field("Name", name, { wide: true, help: "The name of the new folder." });
    const kinds = demo ? null : el("fieldset", { class: "kinds" }, el("legend", {}, "For"), TEMPLATES.map(([value, title, about]) =>
      el("label", {}, el("input", { type: "radio", name: "template", value, checked: value === "own" }), el("span", {}, el("strong", {}, title), el("span", { class: "soft small" }, about)))));
    const place = el("p", { class: "small", id: "project-place" });
    const picker = folderPicker({ start: here.home, label: "", choose: () => {}, fits: (shown) => (shown.writable ? "" : "This folder cannot be written to.") });
    const show = () => { place.textContent = `Folder: ${picker.dataset.at || here.home}/${name.value || "…"}`; };
    new MutationObserver(show).observe(picker, { attributes: true, attributeFilter: ["data-at"] });
    name.addEventListener("keydown", (event) => { if (event.key === "Enter") create.click(); });
    name.addEventListener("input", () => { named.setError(""); show(); });
    const create = action("Create", "", async () => {
      if (!name.value.trim()) return named.setError("Type a name.");
      const chosen = demo ? "demo" : dialog.querySelector("input[name=template]:checked").value;
      try {
        const made = await post("/api/projects/new", { name: name.value.trim(), parent: picker.dataset.at, template: chosen });
        dialog.close();
        if (chosen !== "demo") return reloadAt(chosen === "own" ? "own" : "datasets");
        return watch(made.folder).catch(fail);
      } catch (error) {
        return named.setError(sentences(error.message));
      }
    }, { kind: "primary", id: "create-project" });
    const dialog = openDialog(demo ? "Create the demo" : "New project", el("div", { class: "stack" }, named, kinds, el("h3", {}, "In the folder"), picker, place),
      [action("Cancel", "", () => dialog.close()), create], { large: true });
    show();
    name.focus();
  }

  // Show how far the demo's faces are, then open the project.
  async function watch(folder) {
    const bar = progressBar("Drawing the demo", 0, 1), text = el("span", { class: "soft" });
    const stop = action("Stop", "", () => post("/api/projects/creation/stop"), { class: "small" });
    progress.replaceChildren(el("div", { class: "card row" }, el("strong", {}, "Drawing generated faces"), bar, text, stop));
    progress.scrollIntoView({ block: "nearest" });
    for (;;) {
      const state = await get("/api/projects/creation");
      if (gone) return;
      bar.max = 1;
      bar.value = state.share || 0;
      text.textContent = `${Math.round((state.share || 0) * 100)} %, ${Math.round(state.seconds || 0)} s`;
      if (state.state === "done") return open(folder);
      if (state.state === "failed" || state.state === "stopped") {
        progress.replaceChildren(note(state.state === "failed" ? "bad" : "warn", el("p", {}, `The demo was not finished (${state.state}). Its folder stays: ${folder}`),
          el("pre", { class: "log", tabindex: 0 }, (state.lines || []).join("\n"))));
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  const [listed, creation] = await Promise.all([get("/api/projects/recent"), get("/api/projects/creation")]);
  listRecent(listed);
  if (creation.state === "running") watch(creation.folder).catch(fail);
  return () => { gone = true; };
}

function openCard(here) {
  return el("section", { class: "card row apart", "aria-label": "Open project" },
    el("div", {}, el("h2", {}, here.name), el("div", { class: "soft small path" }, `${here.folder} · ${here.config}`)),
    el("div", { class: "row" }, el("a", { class: "button", href: "#datasets" }, icon("data"), "Data"), el("a", { class: "button", href: "#runs" }, icon("runs"), "Runs")));
}

function startCard(shape, title, text, button) {
  return el("section", { class: "card start" }, icon(shape), el("h2", {}, title), el("p", { class: "soft" }, text), button);
}
