// The choice of what a run is tested on: a dataset, a recording or the camera.

import { action, choice, el, plural } from "../shared/elements.js";
import { saveSettings, settings } from "./settings.js";

const SOURCES = [["dataset", "Dataset", "1"], ["recording", "Recording", "2"], ["camera", "Camera", "3"]];

// chosen: called after another source was chosen
export function sourceButtons(chosen) {
  return el("div", { class: "row ways" }, SOURCES.map(([name, label, key]) => action(label, key, () => {
    settings.source = name;
    saveSettings();
    chosen();
  }, { "aria-pressed": String(settings.source === name), id: `way-${name}` })));
}

export function sourceRows(known) {
  if (settings.source === "dataset") return datasetRows(known);
  if (settings.source === "recording") return recordingRows(known);
  return el("p", { class: "soft" }, "Its frames are sent to the server on this machine and not stored.");
}

function datasetRows(known) {
  const select = choice("Dataset to test", known.datasets.map((name) => [name]), (v) => { settings.dataset = v; saveSettings(); }, settings.dataset);
  return el("div", {}, el("label", {}, "dataset ", select),
    el("p", { class: "soft" }, "Each clip is predicted by the fold that tests its subject, or by the final model if the subject was not in training."));
}

function recordingRows(known) {
  const all = known.recordings;
  const list = el("datalist", { id: "recordings" }, all.map((path) => el("option", { value: path })));
  const path = el("input", { type: "text", class: "wide", list: "recordings", id: "path", value: settings.path, spellcheck: "false",
    "aria-label": "Recording: a video or a folder of frames below the project's folder", placeholder: "video or folder of frames",
    onchange: () => { settings.path = path.value.trim(); saveSettings(); } });
  const fps = el("input", { type: "number", min: 1, max: 10000, value: settings.fps, id: "fps", "aria-label": "Frames per second of a folder of frames",
    placeholder: "auto", onchange: () => { settings.fps = fps.value; saveSettings(); } });
  const next = action("Next", "r", () => {
    settings.path = path.value = all[(all.indexOf(settings.path) + 1) % all.length];
    saveSettings();
  }, { disabled: !all.length, "aria-label": "Next recording" });
  const note = all.length ? `${plural(all.length + known.more, "video")} below the project's folder.`
    : "No video below the project's folder; `merflow demo --recordings 2` generates two.";
  return el("div", { class: "lines" }, path, list, el("div", { class: "row" }, next, el("label", {}, "frames/s ", fps)),
    el("p", { class: "soft" }, note));
}
