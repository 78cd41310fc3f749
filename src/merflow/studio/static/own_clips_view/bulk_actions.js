// What is done with the selected rows: set a column, swap two, remove.

import { choice, action, el, plural } from "../shared/elements.js";

const COLUMNS = [["subject", "subject"], ["emotion", "class (emotion)"], ["fps", "fps"], ["action_units", "action units"], ["publishable", "publishable"]];

// rows: ClipRows; selection(): the rows that are selected.
export function bulkActions(rows, selection) {
  const value = el("input", { type: "text", "aria-label": "Value for the selected rows", id: "bulk-value", list: "known-emotions", autocomplete: "off" });
  let field = "emotion";
  const hints = { emotion: "known-emotions", subject: "known-subjects" };
  const columns = choice("Column to set", COLUMNS, (name) => {
    field = name;
    value.setAttribute("list", hints[name] || "");
    value.placeholder = { publishable: "yes or no", fps: "frames per second" }[name] || "";
  }, "emotion");
  columns.id = "bulk-column";
  const set = action("Set", "", () => rows.set(selection(), rows.column(field), value.value.trim()), { id: "bulk-set" });
  const swap = action("Swap subject and class", "", () => rows.swap(selection(), "subject", "emotion"), { id: "bulk-swap" });
  const remove = action("Remove rows", "", () => rows.remove(selection()), { icon: "trash", id: "bulk-remove" });
  const count = el("strong", { id: "selected" });
  const root = el("div", { class: "row bulk", role: "group", "aria-label": "Selected rows" }, count, columns, value, set, swap, remove);
  value.addEventListener("keydown", (event) => { if (event.key === "Enter") set.click(); });
  const draw = () => {
    const n = selection().length;
    count.textContent = n ? `${plural(n, "row")} selected:` : "Select rows to change several at once:";
    for (const one of [set, swap, remove, value, columns]) one.disabled = !n;
  };
  draw();
  return { root, draw };
}
