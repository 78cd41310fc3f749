// Why a button cannot be pressed now: visible text beside it, which screen readers read with it.

import { el } from "./elements.js";

let made = 0;

// Returns the element to place beside the button; its set(reason) disables the button with a reason,
// and enables it with an empty one.
export function reasonOf(button) {
  const title = button.title;
  const root = el("span", { class: "reason", id: `reason-${++made}`, hidden: true });
  button.setAttribute("aria-describedby", root.id);
  root.set = (reason) => {
    root.textContent = reason || "";
    root.hidden = !reason;
    button.disabled = !!reason;
    button.title = reason || title;
  };
  return root;
}
