// Corrected marks of a dataset that no experiment uses yet: what applying them runs again, and the
// button that applies them.

import { get, post, url } from "../shared/api.js";
import { note, openDialog } from "../shared/components.js";
import { action, el, plural, table } from "../shared/elements.js";
import { toast } from "../shared/page.js";

// done: called after marks were applied or taken back
export async function openApply(dataset, done) {
  const address = url("marks", dataset);
  const root = openDialog(`Apply corrected marks of ${dataset}`, el("p", { class: "soft" }, "Reading the dataset, to see what runs again…"), [], { large: true, id: "apply" });
  let found;
  try { found = await get(address); } catch (error) { root.close(); throw error; }
  const { rows, effects, version, file } = found;
  const body = root.querySelector(".body");
  const undo = action("Take back the last ones", "", () => takeBack(address, done, root), { icon: "undo", hidden: !found.can_undo });
  if (!rows.length) {
    body.replaceChildren(el("p", {}, "No corrected mark waits: experiments use all of them."));
    if (found.can_undo) root.append(el("footer", {}, undo));
    return;
  }
  const apply = action(`Apply ${plural(rows.length, "mark")}`, "", async () => {
    const made = await post(`${address}/apply`, { version });
    root.close();
    toast(`${plural(made.marks, "mark")} applied in ${made.file}; the next run uses them. `, el("a", { href: "#runs" }, "Runs"), " ",
      action("Take back", "", () => takeBack(address, done), { kind: "ghost", class: "small", id: "take-back" }));
    await done();
  }, { kind: "primary", id: "apply-now", disabled: !!effects.fault });
  body.replaceChildren(...effectParts(effects),
    el("h3", {}, `Lines for ${file}`), el("div", { class: "scroll" }, table(["clip", "mark", "was", "is", "source"], rows.map((row) =>
      [row.key.join("/"), row.field, row.was || "none", row.now, row.source]), { class: "wide" })));
  root.append(el("footer", {}, undo, action("Cancel", "", () => root.close()), apply));
  apply.focus();
}

async function takeBack(address, done, root) {
  const { file } = await post(`${address}/undo`);
  root?.close();
  toast(`Taken back: ${file} is as before, and the marks wait again.`);
  await done();
}

// What the next run makes again, in words.
function effectParts({ steps, folds, subjects, used, fault }) {
  if (fault) return [note("bad", el("strong", {}, "Experiments would refuse these marks."), el("pre", { class: "code" }, fault))];
  if (!used) return [note("info", "No experiment uses this dataset: nothing runs again.")];
  if (!steps.length) return [note("good", "Nothing that was computed so far depends on these marks: nothing runs again.")];
  const stores = steps.filter(([name]) => !LATER[name]), later = steps.filter(([name]) => LATER[name]);
  const lines = [];
  if (stores.length) lines.push(`${stores.map(([name]) => name).join(", ")}: ${subjects.length > 6 ? plural(subjects.length, "subject") : subjects.join(", ")}`);
  for (const [name, again, total] of later.filter(([one]) => one !== "train")) lines.push(`${LATER[name]}: ${again} of ${total}`);
  const trained = folds.map(([name, again, total]) => el("li", {}, `training of ${name}: ${again} of ${plural(total, "fold")}`));
  return [note("warn", el("strong", {}, "The next run makes again:"), el("ul", { id: "reruns" }, lines.map((line) => el("li", {}, line)), trained))];
}

const LATER = {
  pack: "packed files", split: "splits", pretrain: "pretrainings", train: "folds", final: "final models", score: "scores", choose: "nested choices",
  oracle: "records of every epoch", skipped: "list of skipped clips", table: "tables", report: "report", manifest: "manifest of the run",
};
