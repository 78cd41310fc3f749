// The lines of the config file as they will be saved, read from the server; changed lines are marked.

import { el } from "../shared/elements.js";

const SIGNS = { new: "+", gone: "−", "": " " };
const SPOKEN = { new: "added: ", gone: "removed: " };

export function filePanel(file) {
  const lines = el("pre", { class: "code yaml", id: "yaml", tabindex: "0", "aria-label": `Lines of ${file}` });
  const state = el("span", { class: "badge", id: "yaml-state" });
  const others = el("p", { class: "small", id: "yaml-others", hidden: true });
  const root = el("div", { class: "card file" }, el("div", { class: "card-head" }, el("h2", {}, "In the file"), state),
    el("p", { class: "soft small" }, `${file}; comments and order stay.`), lines, others);
  const show = (found) => {
    lines.replaceChildren(...found.lines.map(({ mark, text }) => (mark === "gap" ? el("span", { class: "gap" }, "⋯")
      : el("span", { class: mark || null }, el("span", { class: "sign", "aria-hidden": "true" }, SIGNS[mark]),
        mark ? el("span", { class: "hide" }, SPOKEN[mark]) : null, text || "\u00a0"))));
    state.textContent = found.changed ? "not saved yet" : "as saved";
    state.className = `badge ${found.changed ? "warn" : "good"}`;
    others.hidden = !found.others.length;
    others.textContent = found.others.length ? `Changes too: ${found.others.join(", ")}.` : "";
  };
  return { root, show };
}
