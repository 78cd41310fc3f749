// The help overlay (?): every shortcut that works now. About: version, use, documentation.

import { get } from "./api.js";
import { openDialog } from "./components.js";
import { el } from "./elements.js";
import { keyLabel, shortcuts } from "./keyboard.js";

export function showKeys() {
  const groups = new Map();
  for (const one of shortcuts()) {
    const name = groupOf(one);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(one);
  }
  const lists = [...groups].map(([name, found]) => el("section", {}, el("h3", {}, name),
    el("dl", {}, found.flatMap((one) => [el("dt", {}, keyLabel(one.dataset.key).split(" ").map((part) => el("kbd", {}, part))),
      el("dd", { class: one.disabled ? "soft" : null }, one.getAttribute("aria-label") || one.textContent.trim())]))));
  openDialog("Keyboard", el("div", { class: "keys" }, lists), [], { large: true, id: "keys" });
}

// The heading of the card that a button belongs to.
function groupOf(one) {
  if (one.dataset.group) return one.dataset.group;
  if (one.closest("#rail, #top")) return "Everywhere";
  return one.closest(".card, section")?.querySelector("h2, h3")?.textContent || "This view";
}

const PAGES = [["studio", "The studio"], ["glossary", "Glossary"], ["datasets", "Datasets"], ["reruns", "What runs again"], ["reproducibility", "Reproducibility"]];

export async function showAbout() {
  const about = await get("/api/about");
  const pages = PAGES.filter(([name]) => about.docs.includes(name)).map(([name, text]) =>
    el("li", {}, el("a", { href: `/docs/${name}.md`, target: "_blank", rel: "noopener" }, text)));
  openDialog("About merflow studio", [
    el("p", {}, `merflow ${about.version}, MIT licence. Project: ${about.project}, config ${about.config}.`),
    el("p", {}, "Research on micro-expressions with consenting people and licensed data. Not for lie detection, hiring, teaching, policing or any decision about a person."),
    el("p", {}, "Everything runs on this machine: the page loads nothing from other servers and sends nothing to them."),
    el("h3", {}, "Documentation"), pages.length ? el("ul", {}, pages)
      : el("p", { class: "soft" }, "The folder docs/ of merflow's source; it is not part of the installed package."),
    el("h3", {}, "Included"), el("p", { class: "soft" }, "uPlot (MIT) draws the charts; the typeface is Inter (SIL Open Font License 1.1)."),
  ], [], { id: "about" });
}
