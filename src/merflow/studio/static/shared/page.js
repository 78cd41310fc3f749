// What surrounds a view: its title and path in the top bar, and short messages in the corner.

import { el } from "./elements.js";

// title: the h1 of the view; parents: [[label, address]] of the views above it.
export function setPage(title, parents = []) {
  const crumbs = parents.flatMap(([label, href]) => [el("a", { href }, label), el("span", { "aria-hidden": "true" }, "/")]);
  document.getElementById("page").replaceChildren(
    ...(crumbs.length ? [el("nav", { class: "crumbs", "aria-label": "Path" }, crumbs)] : []),
    el("h1", { id: "title", title }, title));
  document.title = [title, ...parents.map(([label]) => label).reverse()].join(" · ").concat(" – merflow studio");
}

const SECONDS = 6;

// Say that something was done; errors go to the banner instead (fail of shared/errors.js).
export function toast(...content) {
  const made = el("div", {}, content);
  document.getElementById("toasts").append(made);
  setTimeout(() => made.remove(), SECONDS * 1000);
  return made;
}
