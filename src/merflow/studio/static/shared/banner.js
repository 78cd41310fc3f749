// The banner that shows an error until it is dismissed.

import { action, el } from "./elements.js";

const banner = () => document.getElementById("banner");

export function showError(error) {
  const text = error.message || String(error);
  const report = `merflow studio, ${new Date().toISOString()}\nview: ${location.hash || "#clips"}\n${text}`;
  const copy = action("Copy report", "Shift+X", async () => {
    await copyText(report);
    copy.firstChild.textContent = "Copied";
  });
  banner().replaceChildren(el("pre", {}, text), copy, action("Dismiss", "Escape", dismiss));
  banner().hidden = false;
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
