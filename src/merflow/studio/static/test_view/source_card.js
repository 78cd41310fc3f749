// The choice of what a run is tested on: a dataset, a recording or the camera.

import { action, choice, el, plural } from "../shared/elements.js";
import { pickFolder } from "../shared/folder_picker.js";
import { dropZone } from "../shared/upload.js";
import { saveSettings, settings } from "./settings.js";

const SOURCES = [["dataset", "Dataset", "1"], ["recording", "Recording", "2"], ["camera", "Camera", "3"]];

// chosen: called after another source was chosen
export function sourceButtons(chosen) {
  return el("div", { class: "joined ways", role: "group", "aria-label": "Test it on" }, SOURCES.map(([name, label, key]) => action(label, key, () => {
    settings.source = name;
    saveSettings();
    chosen();
  }, { "aria-pressed": String(settings.source === name), id: `way-${name}` })));
}

// changed: called after another dataset or recording was chosen; typed: while a path is typed
export function sourceRows(known, changed, typed) {
  if (settings.source === "dataset") return datasetRows(known, changed);
  if (settings.source === "recording") return recordingRows(known, changed, typed);
  return el("p", { class: "soft" }, "Its frames are sent to the server on this machine and not stored.");
}

function datasetRows(known, changed) {
  const select = choice("Dataset to test", known.datasets.map((name) => [name]), (v) => { settings.dataset = v; saveSettings(); changed(); }, settings.dataset);
  return el("div", { class: "lines" }, el("label", { class: "row" }, "Dataset", select),
    el("p", { class: "soft small" }, "Each clip is predicted by the fold that tests its subject, or by the final model if the subject was not in training."));
}

function recordingRows(known, changed, typed) {
  const all = known.recordings;
  const list = el("datalist", { id: "recordings" }, all.map((path) => el("option", { value: path })));
  const set = (value) => { if (value.trim() === settings.path) return; path.value = settings.path = value.trim(); saveSettings(); changed(); };
  const path = el("input", { type: "text", class: "wide", list: "recordings", id: "path", value: settings.path, spellcheck: "false",
    "aria-label": "Recording: a video or a folder of frames", placeholder: "video or folder of frames", oninput: () => { settings.path = path.value.trim(); saveSettings(); typed(); } });
  const fps = el("input", { type: "number", min: 1, max: 10000, value: settings.fps, id: "fps", "aria-label": "Frames per second of a folder of frames",
    placeholder: "auto", onchange: () => { settings.fps = fps.value; saveSettings(); changed(); } });
  const ready = known.spotters.filter((one) => one.made);
  const spotter = choice("What finds the movements", [["", "movement, merflow's rule"], ...ready.map((one) => [one.folder, `${one.name} (seed ${one.seed})`])],
    (v) => { settings.spotter = v; saveSettings(); changed(); }, settings.spotter);
  const unmade = known.spotters.length - ready.length;
  const next = all.length < 2 ? null
    : action("Next", "r", () => set(all[(all.indexOf(settings.path) + 1) % all.length]), { "aria-label": "Next recording", class: "small" });
  const browse = action("Browse", "", () => pickFolder("Choose a recording", { files: "videos", label: "Use this folder of frames", choose: set }), { icon: "folder", class: "small" });
  const note = all.length ? `${plural(all.length + known.more, "video")} below the project's folder.`
    : "No video below the project's folder.";
  const drop = dropZone({ text: "or drop a video here", done: (paths) => set(paths.at(-1)) });
  return el("div", { class: "lines" }, path, list, el("div", { class: "row" }, browse, next, el("label", { class: "row" }, "frames/s", fps)),
    el("p", { class: "soft small" }, note), known.spotters.length ? el("label", { class: "row" }, "Spotter", spotter) : null,
    unmade ? el("p", { class: "soft small" }, `${plural(unmade, "spotter")} not made yet: merflow run spotters.`) : null, known.upload ? drop : null);
}
