// The choice of a folder or file on this machine: path as links, filter, folders with what they hold.

import { get } from "./api.js";
import { openDialog } from "./components.js";
import { action, el, plural } from "./elements.js";
import { fail, guarded } from "./errors.js";
import { icon } from "./icons.js";

// start: folder that is shown first, "" for the browse folder; files: "", "videos" or "annotations":
// files that can be chosen as well; choose(path, listing): called with the choice; label: text of the
// button that chooses the folder shown, "" for none; fits(listing): why this folder cannot be chosen, or "".
export function folderPicker({ start = "", files = "", choose, label = "Use this folder", fits = () => "" }) {
  const crumbs = el("nav", { class: "row crumbs", "aria-label": "Path of the folder" });
  const filter = el("input", { type: "search", placeholder: "Filter", "aria-label": "Filter folders and files" });
  const list = el("ul", { class: "entries", id: "entries" });
  const status = el("p", { class: "soft small", role: "status" });
  const use = action(label || "Use this folder", "", () => choose(shown.at, shown), { kind: "primary", id: "use-folder" });
  const box = el("div", { class: "stack picker", id: "picker" }, crumbs, filter, list, el("div", { class: "row apart" }, status, label ? use : null));
  let shown;

  async function go(at, focus) {
    shown = await get(`/api/files?${new URLSearchParams({ at, files })}`);
    box.dataset.at = shown.at;
    filter.value = "";
    crumbs.replaceChildren(...placesOf(shown), ...shown.crumbs.flatMap((one, i) => [
      i ? el("span", { "aria-hidden": "true" }, "/") : null,
      el("button", { type: "button", class: "ghost small", "aria-current": i === shown.crumbs.length - 1 ? "location" : null,
        onclick: guarded(() => go(one.path, true)) }, one.name)].filter(Boolean)));
    draw();
    const why = fits(shown);
    use.disabled = !!why;
    status.textContent = why || describe(shown.holds, shown) || "An empty folder.";
    if (focus) (list.querySelector("button") || use).focus();
  }

  // The browse folder and the project's, where they are two.
  const placesOf = ({ roots, at }) => (roots.length < 2 ? [] : roots.map((root, i) => el("button", { type: "button", class: "small",
    "aria-pressed": String(at === root), onclick: guarded(() => go(root, true)) }, icon(i ? "project" : "folder"), el("span", {}, i ? "Project" : "Home"))));

  function draw() {
    const wanted = filter.value.trim().toLowerCase();
    const seen = (one) => one.name.toLowerCase().includes(wanted);
    const rows = [
      ...shown.folders.filter(seen).map((one) => entry(one.project ? "project" : "folder", one.name,
        one.readable ? describe(one.holds, one) : "no permission", guarded(() => go(one.path, true)), !one.readable)),
      ...shown.files.filter(seen).map((one) => entry("file", one.name, sizeOf(one.bytes), guarded(() => choose(one.path, shown)))),
    ];
    if (shown.more) rows.push(el("li", { class: "soft" }, `and ${shown.more} more: type a part of the name`));
    if (!rows.length) rows.push(el("li", { class: "soft" }, wanted ? "Nothing fits the filter." : files ? "No folders and no such files." : "No folders in it."));
    list.replaceChildren(...rows);
  }

  filter.addEventListener("input", draw);
  // Arrow keys move along the entries; backspace goes up.
  box.addEventListener("keydown", (event) => {
    const buttons = [...list.querySelectorAll("button:not(:disabled)")];
    const at = buttons.indexOf(document.activeElement);
    const typing = document.activeElement === filter;
    if (event.key === "ArrowDown" && (at >= 0 || typing)) buttons[Math.min(buttons.length - 1, at + 1)]?.focus();
    else if (event.key === "ArrowUp" && at > 0) buttons[at - 1].focus();
    else if (event.key === "ArrowUp" && at === 0) filter.focus();
    else if (event.key === "Backspace" && !typing && shown.up) go(shown.up, true).catch(fail);
    else return;
    event.preventDefault();
  });
  go(start).catch(() => go("").catch(fail));
  return box;
}

function entry(shape, name, about, onclick, disabled = false) {
  return el("li", {}, el("button", { type: "button", class: "ghost", onclick, disabled }, icon(shape), el("span", { class: "grow" }, name),
    about ? el("span", { class: "soft small" }, about) : null));
}

// What a folder holds, in words; empty for nothing.
function describe(holds, one) {
  if (one?.project) return "a merflow project";
  if (!holds) return "";
  const parts = [holds.videos && plural(holds.videos, "video"), holds.images && plural(holds.images, "image"), holds.folders && plural(holds.folders, "folder")];
  return parts.filter(Boolean).join(", ") + (holds.more ? " and more" : "");
}

export const sizeOf = (bytes) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`);

// The same in a dialog, which closes with the choice.
export function pickFolder(title, { choose, ...options }) {
  const picker = folderPicker({ ...options, choose: async (...found) => { await choose(...found); dialog.close(); } });
  const dialog = openDialog(title, picker, [], { large: true });
  picker.querySelector("input").focus();
  return dialog;
}
