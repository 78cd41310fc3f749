// The playback speed: a select with keys for slower and faster.

import { action, choice } from "./elements.js";

// speeds: times real time, ascending; set(speed): called with a new speed
export function speedControl(speeds, start, set) {
  let speed = start;
  const select = choice("Speed", speeds.map((v) => [String(v), `${v} x real time`]), (v) => change(+v), String(start));
  function change(value) {
    speed = value;
    select.value = String(value);
    set(value);
  }
  const step = (by) => change(speeds[Math.max(0, Math.min(speeds.length - 1, speeds.indexOf(speed) + by))]);
  return [select, action("Slower", "[", () => step(-1)), action("Faster", "]", () => step(1))];
}
