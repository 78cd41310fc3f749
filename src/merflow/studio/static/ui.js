// Elements, keys and the banner. Text only ever becomes text: nothing here parses HTML.

export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "class") made.className = value;
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child != null));
  return made;
}

// A key works while its button is on the page and enabled; the button shows it.
export function action(label, key, run, attributes = {}) {
  const button = el("button", { type: "button", "data-key": key, onclick: guarded(run), ...attributes },
    label, key ? el("kbd", {}, spoken(key)) : null);
  return button;
}

function spoken(key) {
  const words = { ArrowLeft: "←", ArrowRight: "→", " ": "space", Escape: "Esc", Shift: "⇧" };
  return key.split("+").map((part) => words[part] || part).join("");
}

export function guarded(run) {
  return async (event) => {
    try { await run(event); } catch (error) { fail(error); }
  };
}

export function listen() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const at = event.target;
    const typing = at.matches("input:not([type=range]):not([type=checkbox]), select, textarea");
    const sliding = at.matches("input[type=range]") && /^(Arrow|Home|End|Page)/.test(event.key);
    const pressing = at.matches("button, input[type=checkbox]") && [" ", "Enter"].includes(event.key);
    if ((typing && event.key !== "Escape") || sliding || pressing) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const name = event.shiftKey && (key.length > 1 || /[a-z]/.test(key)) ? `Shift+${key.length > 1 ? key : key.toUpperCase()}` : key;
    for (const button of document.querySelectorAll("[data-key]")) {
      if (button.dataset.key === name && !button.disabled && button.offsetParent !== null) {
        event.preventDefault();
        button.click();
        return;
      }
    }
  });
}

export function fail(error) {
  if (error.name === "AbortError") return;
  const text = error.message || String(error);
  const report = `merflow studio, ${new Date().toISOString()}\nview: ${location.hash || "#clips"}\n${text}`;
  const banner = document.getElementById("banner");
  const copy = action("Copy report", "Shift+X", async () => {
    try {
      await navigator.clipboard.writeText(report);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(banner.querySelector("pre"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    copy.firstChild.textContent = "Copied";
  });
  banner.replaceChildren(el("pre", {}, text), copy, action("Dismiss", "Escape", dismiss));
  banner.hidden = false;
}

export function dismiss() {
  const banner = document.getElementById("banner");
  banner.hidden = true;
  banner.replaceChildren();
}

export function choice(label, values, run, chosen) {
  return el("select", { "aria-label": label, onchange: guarded((e) => run(e.target.value)) },
    values.map(([value, text]) => el("option", { value, selected: value === chosen }, text ?? value)));
}

export const fixed = (value, digits = 3) => (value == null ? "–" : Number(value).toFixed(digits));

export function table(head, rows, attributes = {}) {
  return el("table", attributes,
    el("thead", {}, el("tr", {}, head.map((cell) => el("th", {}, cell)))),
    el("tbody", {}, rows.map((cells) => (cells instanceof Node ? cells : el("tr", {}, cells.map(cellOf))))));
}

export function cellOf(cell) {
  return cell instanceof HTMLTableCellElement ? cell
    : el("td", typeof cell === "number" ? { class: "num" } : {}, cell instanceof Node ? cell : String(cell));
}

let shown = "";

// The address that the view on the page was opened by.
export function openedBy(hash) { shown = hash; }

// Write what a view shows into the address, unless the reader has just asked for another: the
// browser tells of that later than the address has it.
export function keepAddress(...parts) {
  if (location.hash !== shown) return;
  shown = `#${parts.map(encodeURIComponent).join("/")}`;
  history.replaceState(null, "", shown);
}
