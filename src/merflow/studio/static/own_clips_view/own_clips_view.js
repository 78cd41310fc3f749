// The Own clips view: a folder of recordings becomes a table of clips, which is corrected and saved.

import { addressOf, setAddress } from "../shared/address.js";
import { get, post } from "../shared/api.js";
import { badge, confirmed, emptyState, field, note } from "../shared/components.js";
import { action, el, plural } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { pickFolder } from "../shared/folder_picker.js";
import { icon } from "../shared/icons.js";
import { setPage, toast } from "../shared/page.js";
import { project } from "../shared/project.js";
import { dropZone } from "../shared/upload.js";
import { bulkActions } from "./bulk_actions.js";
import { ClipRows } from "./clip_rows.js";
import { clipTable } from "./clip_table.js";
import { cutView } from "./cut_view.js";
import { saveClips } from "./save_clips.js";

const CHECK_AFTER_MS = 350;
const FAULTS_SHOWN = 6;

// The table that is edited stays while other views are looked at.
let kept = null;
addEventListener("beforeunload", (event) => { if (kept?.rows.dirty || kept?.cutting?.()) event.preventDefault(); });

const folderOf = (path) => path.slice(0, path.lastIndexOf("/"));
const nameOf = (path) => path.slice(path.lastIndexOf("/") + 1);

export async function ownClipsView(view, [folder, recording]) {
  if (!folder) return startView(view);
  if (kept?.folder !== folder) {
    if (kept?.rows.dirty && !(await confirmed("Unsaved changes", el("p", {}, `The table of ${kept.folder} has changes that are not saved.`), "Discard them", { kind: "danger" }))) {
      location.hash = addressOf("own", kept.folder);
      return undefined;
    }
    kept = null;
  }
  if (!kept) {
    view.append(el("p", { class: "soft", role: "status" }, "Looking for clips…"));
    try {
      // A recording that is cut is read alone: its folder may hold much else.
      const loaded = await get(`/api/own-clips/folder?${new URLSearchParams({ folder, only: recording?.includes("/") ? "" : recording || "" })}`);
      kept = { folder, loaded, rows: new ClipRows(loaded), name: loaded.dataset };
    } catch (error) {
      // Where and what was found, what is expected, what to do: a line each.
      view.replaceChildren(emptyState("folder", "No clips in this folder", error.message.split("\n").map((line) => el("span", { class: "line" }, line.trim())), chooseButton()));
      return undefined;
    }
    view.replaceChildren();
  }
  if (!view.isConnected) return undefined;
  const above = [["Data", "#datasets"], ["Own clips", "#own"]];
  if (recording) {
    setPage(nameOf(recording), [...above, [nameOf(folder), addressOf("own", folder)]]);
    return cutView(view, kept, recording);
  }
  setPage(nameOf(folder) || folder, above);
  return tableView(view, kept);
}

const openFolder = (at) => { location.hash = addressOf("own", at); };

const chooseButton = (kind = "primary") => action("Choose a folder", "o", () => pickFolder("Folder of your clips", {
  start: kept?.folder || project().home, choose: openFolder }), { icon: "folder", kind, id: "choose-folder" });

async function startView(view) {
  const { datasets } = await get("/api/own-clips");
  const cutOne = action("Choose a recording", "", () => pickFolder("Recording to cut", { files: "videos", label: "", start: project().home,
    choose: (path) => { location.hash = addressOf("own", folderOf(path), nameOf(path)); } }), { icon: "file", id: "choose-recording" });
  view.append(el("div", { class: "stack own" },
    el("p", { class: "lead" }, "Each clip is a video, a folder of frames, or a part of a long recording. A table lists them with subject and class; merflow reads that table (", el("code", {}, "manifest.csv"), ")."),
    el("div", { class: "starts" },
      el("section", { class: "card start" }, icon("folder"), el("h2", {}, "A folder of clips"), el("p", { class: "soft" }, "Subjects and classes are guessed from the names of folders and files. Your files stay where they are."), chooseButton()),
      el("section", { class: "card start" }, icon("edit"), el("h2", {}, "Cut a long recording"), el("p", { class: "soft" }, "Mark onset, apex and offset of each expression, with its class and action units."), cutOne)),
    dropZone({ done: (paths) => openFolder(`${project().folder}/data/uploads`, paths) }),
    el("section", { class: "card", "aria-labelledby": "own-datasets" }, el("h2", { id: "own-datasets" }, "Own clips in this project"),
      datasets.length ? el("ul", { class: "plain" }, datasets.map(datasetRow)) : el("p", { class: "soft" }, "None yet."))));
}

function datasetRow(one) {
  return el("li", { class: "row" }, icon("data"), el("div", { class: "grow" }, el("strong", {}, one.name), el("div", { class: "soft small path" }, one.folder)),
    one.exists ? (one.manifest ? null : badge("no table yet")) : badge("no such folder", "warn"),
    one.exists ? el("a", { class: "button small", href: addressOf("own", one.folder), "aria-label": `Open ${one.name}` }, "Open") : null);
}

function tableView(view, state) {
  const { rows, loaded, folder } = state;
  let gone = false, timer = 0, turn = 0;
  const undo = action("Undo", "z", () => rows.undo(), { icon: "undo", iconOnly: true, id: "undo" });
  const redo = action("Redo", "y", () => rows.redo(), { icon: "redo", iconOnly: true, id: "redo" });
  const table = clipTable(rows, { cut: (path) => { location.hash = addressOf("own", folder, path); }, selected: () => bulk.draw() });
  const bulk = bulkActions(rows, table.selection);
  const findings = el("div", { id: "faults", role: "status" });
  const name = el("input", { type: "text", id: "dataset-name", value: state.name, autocomplete: "off", placeholder: "pilot", oninput: () => { state.name = name.value; named.setError(""); } });
  const named = field("Name of the dataset", name, { help: "Used in the config, in results and in tables." });
  const save = action("Save", "s", saveAll, { kind: "primary", id: "save-clips" });
  const saved = el("span", { class: "soft small", id: "unsaved", role: "status" });

  view.append(el("div", { class: "stack own wide-view" },
    el("section", { class: "card stack", "aria-label": "Folder" },
      el("div", { class: "row apart" }, el("div", { class: "grow" }, el("div", { class: "path" }, el("code", {}, folder)),
        el("div", { class: "soft small" }, loaded.exists ? `With its table ${nameOf(loaded.manifest)}` : `Read as ${loaded.shape}`, loaded.notes.length ? ` · ${loaded.notes.join(" · ")}` : "")),
      el("div", { class: "row" }, chooseButton(""), action("Read again", "", readAgain, { id: "read-again" }))),
      loaded.exists && rows.fresh.size ? note("info", `${plural(rows.fresh.size, "clip")} not in the table yet: added below as new.`) : null,
      rows.gone.size ? note("warn", `${plural(rows.gone.size, "row")} of clips that are not there any more. They are kept until you remove them.`) : null,
      el("div", { class: "row save" }, named, ratesField(), save, saved)),
    el("section", { class: "card stack", "aria-label": "Clips" }, el("div", { class: "row apart" }, bulk.root, el("div", { class: "row" }, undo, redo)), findings, table.root)));

  // Folders of frames store no rate: one field sets those that lack it.
  function ratesField() {
    const lacking = () => rows.rows.filter((row) => !rows.cell(row, "fps") && !/\.\w{2,4}$/.test(rows.cell(row, "path")));
    if (!lacking().length) return null;
    const rate = el("input", { type: "number", min: 1, max: 10000, step: "any", id: "frame-rate" });
    const set = action("Set", "", () => { if (rate.value) rows.set(lacking(), rows.column("fps"), rate.value); }, { id: "set-rate" });
    const root = field("Frame rate of the folders of frames", rate, { unit: "Hz" });
    root.querySelector(".control").append(set);
    return root;
  }

  const body = () => ({ folder, header: rows.header, rows: rows.rows });

  async function check() {
    const mine = ++turn;
    const found = await post("/api/own-clips/check", { ...body(), dataset: loaded.dataset || "" });
    if (gone || mine !== turn) return;
    table.setFaults(found.faults);
    showFaults(found);
    save.disabled = found.errors > 0 || !rows.rows.length;
  }

  function showFaults({ faults, count, errors }) {
    if (!count) return findings.replaceChildren(el("p", { class: "good row" }, icon("check"), "Every row can be read. The check of the dataset looks at the videos themselves."));
    const line = (one) => el("li", {}, el("button", { type: "button", class: "link", onclick: () => table.focusCell(one.row, one.column) },
      `Row ${one.row + 1}, ${rows.header[one.column]}`), `: ${one.found}. `, el("span", { class: "soft" }, `To do: ${one.fix}.`));
    const more = count > FAULTS_SHOWN ? el("li", { class: "soft" }, `and ${count - FAULTS_SHOWN} more; choose “with faults” above the table`) : null;
    const head = [errors && plural(errors, "error"), count - errors && plural(count - errors, "remark")].filter(Boolean).join(" and ");
    return findings.replaceChildren(note(errors ? "bad" : "warn", el("strong", {}, head), errors ? `: correct ${errors === 1 ? "it" : "them"} to save.` : ": the table can be saved.",
      el("ul", {}, faults.slice(0, FAULTS_SHOWN).map(line), more)));
  }

  function changed() {
    table.draw();
    bulk.draw();
    undo.disabled = !rows.past.length;
    redo.disabled = !rows.future.length;
    const next = loaded.dataset ? [". Next: ", el("a", { href: addressOf("datasets", loaded.dataset) }, "check the videos")] : [];
    saved.replaceChildren(...(rows.dirty || rows.rows.some((row) => rows.fresh.has(row)) ? ["Not saved yet"] : loaded.exists ? ["Saved", ...next] : []));
    clearTimeout(timer);
    timer = setTimeout(() => check().catch(fail), CHECK_AFTER_MS);
  }

  async function saveAll() {
    document.activeElement?.blur?.();
    if (!name.value.trim()) {
      named.setError("Type a name.");
      return name.focus();
    }
    const made = await saveClips(body(), name.value.trim());
    if (!made || gone) return undefined;
    const changes = made.config.length ? `; ${made.config.join(" and ")} of the project changed` : "";
    toast(`Saved: ${plural(made.clips, "clip")} in ${nameOf(made.manifest)}, dataset ${made.dataset}${changes}.`);
    kept = null;
    return reload(true);
  }

  async function readAgain() {
    if (rows.dirty && !(await confirmed("Unsaved changes", el("p", {}, "The table has changes that are not saved."), "Discard them", { kind: "danger" }))) return;
    kept = null;
    await reload();
  }

  // saved: the table was just saved; clips that were removed from it do not come back as new.
  async function reload(saved = false) {
    const again = await get(`/api/own-clips/folder?${new URLSearchParams({ folder })}`);
    if (gone) return;
    if (saved && again.new.length) {
      again.rows = again.rows.filter((_, i) => !again.new.includes(i));
      again.notes = [...again.notes, `${plural(again.new.length, "clip")} of the folder left out; Read again adds them`];
      again.new = [];
    }
    kept = { folder, loaded: again, rows: new ClipRows(again), name: again.dataset || name.value };
    view.replaceChildren();
    leave();
    leave = tableView(view, kept);
  }

  rows.changed = changed;
  setAddress("own", folder);
  save.disabled = true;
  changed();
  let leave = () => { gone = true; clearTimeout(timer); };
  return () => leave();
}
