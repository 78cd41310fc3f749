// Keyboard shortcuts: a key presses the visible, enabled button or link that has it in data-key.

const LABELS = { ArrowLeft: "←", ArrowRight: "→", " ": "Space", Escape: "Esc", Shift: "⇧", "+": "+" };

const parts = (key) => (key === "+" ? ["+"] : key.split("+"));
export const keyLabel = (key) => parts(key).map((part) => LABELS[part] || part).join(" ");
// The form of aria-keyshortcuts.
export const ariaKey = (key) => parts(key).map((part) => ({ " ": "Space", "+": "Plus" }[part] || part)).join("+");

// The elements with a shortcut that can be used now: those of an open dialog, or of the page.
export function shortcuts() {
  const place = document.querySelector("dialog[open]") || document;
  return [...place.querySelectorAll("[data-key]")].filter((one) => one.dataset.key && one.getClientRects().length);
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (belongsTo(event.target, event.key)) return;
    const name = keyName(event);
    const button = shortcuts().find((one) => one.dataset.key === name && !one.disabled);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
}

// Keys that the focused element uses itself.
function belongsTo(element, key) {
  const typing = element.matches("input:not([type=range]):not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]");
  const sliding = element.matches("input[type=range], input[type=radio], [role=tab]") && /^(Arrow|Home|End|Page)/.test(key);
  const pressing = element.matches("button, a, summary, input[type=checkbox], input[type=radio]") && [" ", "Enter"].includes(key);
  return (typing && key !== "Escape") || sliding || pressing;
}

function keyName(event) {
  const single = event.key.length === 1;
  const key = single ? event.key.toLowerCase() : event.key;
  if (!event.shiftKey || (single && !/[a-z]/.test(key))) return key;
  return `Shift+${single ? key.toUpperCase() : key}`;
}
