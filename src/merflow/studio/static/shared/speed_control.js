// The playback speed: a select with keys for slower and faster.

import { action, choice, el } from "./elements.js";

// speeds: times real time, ascending; set(speed): called with a new speed
export function speedControl(speeds, start, set) {
  let speed = start;
  const select = choice("Speed", speeds.map((v) => [String(v), `${v} × real time`]), (v) => change(+v), String(start));
  function change(value) {
    speed = value;
    select.value = String(value);
    set(value);
  }
  const step = (by) => change(speeds[Math.max(0, Math.min(speeds.length - 1, speeds.indexOf(speed) + by))]);
  return [el("span", { class: "joined" }, action("Slower", "[", () => step(-1), { icon: "minus", iconOnly: true, group: "Playback" }), select,
    action("Faster", "]", () => step(1), { icon: "plus", iconOnly: true, group: "Playback" }))];
}
