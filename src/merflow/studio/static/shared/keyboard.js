// Keyboard shortcuts: a key presses the visible, enabled button that has it in data-key.

const LABELS = { ArrowLeft: "←", ArrowRight: "→", " ": "space", Escape: "Esc", Shift: "⇧" };

export const keyLabel = (key) => key.split("+").map((part) => LABELS[part] || part).join("");

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (belongsTo(event.target, event.key)) return;
    const name = keyName(event);
    for (const button of document.querySelectorAll("[data-key]")) {
      if (button.dataset.key === name && !button.disabled && button.offsetParent !== null) {
        event.preventDefault();
        button.click();
        return;
      }
    }
  });
}

// Keys that the focused element uses itself.
function belongsTo(element, key) {
  const typing = element.matches("input:not([type=range]):not([type=checkbox]), select, textarea");
  const sliding = element.matches("input[type=range]") && /^(Arrow|Home|End|Page)/.test(key);
  const pressing = element.matches("button, input[type=checkbox]") && [" ", "Enter"].includes(key);
  return (typing && key !== "Escape") || sliding || pressing;
}

function keyName(event) {
  const single = event.key.length === 1;
  const key = single ? event.key.toLowerCase() : event.key;
  if (!event.shiftKey || (single && !/[a-z]/.test(key))) return key;
  return `Shift+${single ? key.toUpperCase() : key}`;
}
