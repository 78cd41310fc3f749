// The timeline of a recording: its segments as bars, the present frame, what is decoded.

import { el } from "../shared/elements.js";

const SVG = "http://www.w3.org/2000/svg";

// go(frame): called with a click; pick(segment): called with a click on a bar. Returns { root, draw }.
export function timeline({ go, pick }) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "timeline");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const root = el("div", { class: "timeline-box" }, svg);
  let count = 1;
  svg.addEventListener("pointerdown", (event) => {
    const bar = event.target.closest("[data-segment]");
    if (bar) pick(+bar.dataset.segment);
    const box = svg.getBoundingClientRect();
    go(Math.max(0, Math.min(count - 1, Math.floor(((event.clientX - box.left) / box.width) * count))));
  });

  function part(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    svg.append(made);
    return made;
  }

  function draw({ frames, ready, at, segments, chosen }) {
    count = Math.max(1, frames);
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${count} 40`);
    part("rect", { class: "whole", x: 0, y: 14, width: count, height: 12 });
    part("rect", { class: "ready", x: 0, y: 14, width: Math.min(count, ready), height: 12 });
    segments.forEach((one, i) => {
      const width = Math.max((one.offset ?? one.onset) - one.onset + 1, count / 300);
      const bar = part("rect", { class: `bar${i === chosen ? " chosen" : ""}`, x: one.onset, y: 9, width, height: 22, "data-segment": i });
      const title = document.createElementNS(SVG, "title");
      title.textContent = `${one.clip}: ${one.emotion || "no class"}`;
      bar.append(title);
      if (one.apex !== null) part("rect", { class: "apex", x: one.apex, y: 9, width: Math.max(1, count / 500), height: 22 });
    });
    part("rect", { class: "now", x: at, y: 2, width: Math.max(1, count / 500), height: 36 });
  }
  return { root, draw };
}
