// Saving the table: what would change in the manifest is shown first, if there is one.

import { post } from "../shared/api.js";
import { note, openDialog } from "../shared/components.js";
import { action, el, plural, table } from "../shared/elements.js";

// body: { folder, header, rows }; name: of the dataset.
// Resolves to what was saved, or null when the user keeps the file as it is.
export async function saveClips(body, name) {
  const state = await post("/api/own-clips/check", { ...body, dataset: name });
  if (state.change && !(await agreed(state.change, state.manifest))) return null;
  return post("/api/own-clips/save", { ...body, dataset: name, before: state.digest });
}

function agreed(change, path) {
  return new Promise((resolve) => {
    let yes = false;
    const { counts } = change;
    const parts = [counts.added && `${plural(counts.added, "row")} added`, counts.removed && `${plural(counts.removed, "row")} removed`,
      counts.changed && `${plural(counts.changed, "cell")} changed`, counts.new_columns && `${plural(counts.new_columns, "column")} added`,
      counts.lost_columns && `${plural(counts.lost_columns, "column")} removed`].filter(Boolean);
    const summary = el("p", { id: "save-summary" }, parts.length ? `${parts.join(", ")}.` : "The rows are the same as in the file.");
    const lists = [listOf("Added", change.added, counts.added), listOf("Removed", change.removed, counts.removed), listOf("Columns added", change.new_columns, counts.new_columns)];
    const cells = change.changed.length ? [el("h3", {}, "Cells"), el("div", { class: "scroll tall", tabindex: 0 },
      table(["clip", "column", "in the file", "on this page"], change.changed.map((row) => row.map((cell) => cell || "–")), { class: "wide" })),
    counts.changed > change.changed.length ? el("p", { class: "soft" }, `and ${counts.changed - change.changed.length} more`) : null] : [];
    const warning = change.removed.length || change.lost_columns.length ? note("warn", "Removed rows and columns cannot be brought back from here.") : null;
    const dialog = openDialog("The folder has a manifest", el("div", { class: "stack" }, el("p", {}, el("code", {}, path), " exists. Saving replaces it:"), summary, warning, lists, cells),
      [action("Keep the file", "", () => dialog.close()), action("Replace it", "", () => { yes = true; dialog.close(); }, { kind: "primary", id: "replace" })], { large: true, id: "save-dialog" });
    dialog.addEventListener("close", () => resolve(yes));
  });
}

function listOf(title, names, count) {
  if (!names.length) return null;
  const more = count > names.length ? ` and ${count - names.length} more` : "";
  return el("div", {}, el("h3", {}, title), el("p", { class: "soft path" }, names.join(", ") + more));
}
