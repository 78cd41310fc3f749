// The settings of the Test view, kept for this tab.

import { project } from "../shared/project.js";

const KEY = "merflow-test";

export const LANDMARKS = { 5: [0, 2, 4], 68: [36, 45, 48, 54, 51, 57] };
export const settings = {
  run: "", source: "recording", dataset: "", path: "", fps: "", spotter: "", speed: 0.25,
  points: 5, indices: LANDMARKS[5], track: "moved",
  recording: { window: "", stride: "" }, camera: { window: 30, stride: 10 },
  ...JSON.parse(sessionStorage.getItem(KEY) || "{}"),
};

export const saveSettings = () => sessionStorage.setItem(KEY, JSON.stringify(settings));

// Replace settings that the project does not have.
export function checkSettings(known) {
  const { runs, datasets, recordings, spotters } = known;
  if (settings.project !== project().folder) Object.assign(settings, { project: project().folder, path: "" });
  if (!runs.some((run) => run.folder === settings.run)) settings.run = (runs.find((run) => run.model) || runs[0])?.folder || "";
  if (!datasets.includes(settings.dataset)) settings.dataset = datasets[0] || "";
  if (!spotters.some((one) => one.made && one.folder === settings.spotter)) settings.spotter = "";
  if (!settings.path) settings.path = recordings[0] || "";
}
