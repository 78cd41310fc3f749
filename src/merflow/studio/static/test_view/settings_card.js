// The settings below the image: window, stride, landmarks.

import { choice, el } from "../shared/elements.js";
import { guarded } from "../shared/errors.js";
import { LANDMARKS, saveSettings, settings } from "./settings.js";

// limit: most frames of a window of the camera; changed: {window(), landmarks(), kind()}, called after changes
export function settingsCard(limit, changed) {
  const camera = settings.source === "camera";
  const blank = camera ? "" : "auto", most = camera ? limit : 100000;
  const sizes = settings[settings.source];
  const field = (name, low) => el("input", { type: "number", min: low, max: most, value: sizes[name], id: name, "aria-label": `${name} (frames)`,
    placeholder: blank, onchange: (e) => {
      const value = Math.round(+e.target.value);
      sizes[name] = e.target.value === "" && blank ? "" : Math.max(low, Math.min(most, value || low));
      e.target.value = sizes[name];
      saveSettings();
      changed.window();
    } });
  const kind = choice("Landmarks", [["5", "5 points"], ["68", "68 points"]], (v) => {
    settings.points = +v;
    settings.indices = LANDMARKS[v];
    saveSettings();
    changed.kind();
  }, String(settings.points));
  const indices = el("input", { type: "text", id: "indices", value: settings.indices.join(","), "aria-label": "Landmarks to follow, dlib's numbers",
    onchange: guarded(() => chooseLandmarks(indices, changed.landmarks)) });
  const track = choice("What of the landmarks", [["moved", "distance moved"], ["x", "x"], ["y", "y"]],
    (v) => { settings.track = v; saveSettings(); changed.landmarks(); }, settings.track);
  const answers = "One answer a window; the next window starts a stride later. The followed landmarks are plotted.";
  const about = settings.points === 68 ? "68 points of dlib, whose training data excludes commercial use" : "5 points of dlib: 0 to 3 the eye corners, 4 the nose";
  const next = `${camera ? "Window, stride and kind of landmarks apply" : "The kind of landmarks applies"} from the next start.`;
  return el("div", { class: "card row", id: "settings" },
    el("label", {}, "window ", field("window", 2)), el("label", {}, "stride ", field("stride", 1)), "frames",
    kind, el("label", {}, "followed ", indices), track, el("span", { class: "soft" }, `${answers} ${about}. ${next}`));
}

function chooseLandmarks(input, changed) {
  const numbers = input.value.split(",").map((part) => part.trim()).filter((part) => part);
  const bad = numbers.find((number) => !/^\d+$/.test(number) || +number >= settings.points);
  if (bad !== undefined) {
    input.value = settings.indices.join(",");
    throw new Error(`landmarks: ${bad}\n  expected: numbers 0 to ${settings.points - 1}, separated by commas`);
  }
  settings.indices = [...new Set(numbers.map(Number))].slice(0, 6);
  input.value = settings.indices.join(",");
  saveSettings();
  return changed();
}
