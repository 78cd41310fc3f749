// The banner that shows an error until it is dismissed, or two versions until one is chosen.

import { action, el, relabel, table } from "./elements.js";

const banner = () => document.getElementById("banner");

export function showError(error) {
  const text = error.message || String(error);
  const report = `merflow studio, ${new Date().toISOString()}\nview: ${location.hash || "#clips"}\n${text}`;
  const copy = action("Copy report", "Shift+K", async () => {
    await copyText(report);
    relabel(copy, "Copied");
  });
  banner().replaceChildren(el("pre", {}, text), copy, action("Dismiss", "Escape", dismiss));
  banner().hidden = false;
}

// Two versions of what was changed elsewhere meanwhile; nothing is saved until one is chosen.
// rows: [[name, in the file, on this page]]; keep, save: called with the choice
export function showVersions(title, rows, keep, save) {
  const choose = (run) => async () => { dismiss(); await run(); };
  banner().replaceChildren(
    el("div", { class: "stack versions" }, el("strong", {}, `${title}: changed elsewhere. Nothing was saved; choose one version.`),
      table(["", "in the file", "on this page"], rows.map(([name, file, page]) => el("tr", { class: file === page ? "soft" : "" },
        el("td", {}, name), el("td", {}, file), el("td", {}, page))))),
    action("Keep the file's", "Shift+F", choose(keep)), action("Save this page's", "Shift+S", choose(save)));
  banner().hidden = false;
}

// An action has succeeded: an error of an earlier one is no longer news. Two versions stay.
export function dismissError(event) {
  if (banner().querySelector("pre") && !banner().contains(event?.target)) dismiss();
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(banner().querySelector("pre"));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    document.execCommand("copy");
  }
}

export function dismiss() {
  banner().hidden = true;
  banner().replaceChildren();
}
