// The dark or light theme, kept between visits, and its colours for canvases.

const root = document.documentElement;
const watchers = new Set();
let known = new Map();

export function restoreTheme() {
  const kept = localStorage.getItem("theme");
  if (kept === "light" || kept === "dark") root.dataset.theme = kept;
  const changed = () => { known = new Map(); for (const run of watchers) run(); };
  new MutationObserver(changed).observe(root, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

export function toggleTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
}

// Call run() after every change of the theme; return the function that ends this.
export function onTheme(run) {
  watchers.add(run);
  return () => watchers.delete(run);
}

// The present value of a colour of style.css, such as "--accent", as rgb(…).
export function themeColour(name) {
  if (!known.has(name)) {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    root.append(probe);
    known.set(name, getComputedStyle(probe).color);
    probe.remove();
  }
  return known.get(name);
}
