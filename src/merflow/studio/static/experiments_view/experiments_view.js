// The Experiments view: experiments, preparations and collections as forms over the project's config.

import { addressOf, setAddress } from "../shared/address.js";
import { get } from "../shared/api.js";
import { emptyState } from "../shared/components.js";
import { action, el } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { setPage } from "../shared/page.js";
import { outputPanel } from "../workflow/output_panel.js";
import { isRunning, onWorkflow } from "../workflow/workflow.js";
import { EntryEditor } from "./editor.js";
import { entryList, SECTIONS } from "./entry_list.js";
import { copyOf, freeName, sameEntry } from "./entry_values.js";

// Entries with changes that are not saved, kept while other views are open.
const drafts = new Map();

export async function experimentsView(view, parts) {
  const page = new ExperimentsView(view, parts);
  await page.load();
  return () => page.leave();
}

class ExperimentsView {
  constructor(view, parts) {
    this.view = view;
    const [section, name] = parts.length > 1 ? parts : ["experiments", parts[0]];
    this.wanted = section in SECTIONS ? { section, key: name } : { section: "experiments", key: undefined };
    this.list = el("div");
    this.place = el("div", { class: "stack", id: "entry" });
    this.output = outputPanel();
    view.append(el("div", { class: "experiments" }, this.list, this.place));
  }

  async load() {
    await this.read();
    if (!this.view.isConnected) return;
    const { section, key } = this.wanted;
    const first = Object.keys(this.known.experiments)[0];
    if (key !== undefined && (key in this.known[section] || drafts.has(`${section}/${key}`))) this.open(section, key);
    else if (first !== undefined && key === undefined) this.open("experiments", first);
    else this.nothing();
    let was = isRunning(), done = -1;
    this.leaveWorkflow = onWorkflow((state) => {
      if (was !== isRunning() || (isRunning() && state.done !== done)) this.refresh(was && !isRunning()).catch(fail);
      was = isRunning();
      done = state.done;
    });
  }

  async read() {
    this.known = await get("/api/config");
    if (!this.fields) {
      const [experiments, preparations] = await Promise.all(["experiments", "preparations"].map((one) => get(`/api/config/fields/${one}`)));
      this.fields = { experiments: experiments.fields, preparations: preparations.fields };
      this.networks = experiments.networks;
    }
    this.drawList();
  }

  // After jobs of the workflow there may be new folds, scores or models.
  async refresh(ended) {
    if (!this.known) return;
    const known = await get("/api/config");
    if (!this.view.isConnected) return;
    this.known.runs = known.runs;
    this.drawList();
    this.editor?.showRuns(known.runs, ended);
  }

  drawList() { this.list.replaceChildren(entryList(this.known, this.chosen, drafts, (section) => this.create(section))); }

  nothing() {
    this.place.replaceChildren(emptyState("experiments", this.wanted.key === undefined ? "No experiment yet" : "No such entry",
      "An experiment trains one method on prepared clips, fold by fold, and gives a table.",
      action("New experiment", "", () => this.create("experiments"), { kind: "primary", icon: "plus" })));
  }

  create(section, values = null, base = null) {
    const first = { collections: [], preparations: {}, experiments: this.likeTheOthers() };
    const known = [...Object.keys(this.known[section]), ...[...drafts.values()].filter((one) => one.section === section).map((one) => one.key)];
    const key = freeName(base || SECTIONS[section][1], known);
    drafts.set(`${section}/${key}`, { section, key, was: null, name: key, version: this.known.version, values: values ?? first[section], original: section === "collections" ? [] : {}, dirty: true });
    location.hash = addressOf("experiments", section, key);
  }

  // The data of a new experiment: those of the first one, which fit the project.
  likeTheOthers() {
    const { names, experiments } = this.known;
    const other = Object.values(experiments)[0] || { collection: names.collections[0], preparation: names.preparations[0] };
    return Object.fromEntries(["collection", "preparation", "scheme", "protocol"].filter((key) => other[key] != null).map((key) => [key, other[key]]));
  }

  open(section, key) {
    this.chosen = { section, key };
    const saved = this.known[section][key];
    const kept = drafts.get(`${section}/${key}`);
    // Where the entry is still as the draft found it, other changes of the file do not matter.
    if (kept && (kept.was === null || sameEntry(kept.original, this.known[section][kept.was]))) kept.version = this.known.version;
    const draft = kept
      || { section, key, was: key, name: key, version: this.known.version, values: copyOf(saved), original: copyOf(saved), dirty: false };
    setAddress("experiments", section, key);
    setPage(key, [["Experiments", "#experiments"]]);
    this.drawList();
    this.editor?.leave();
    this.editor = new EntryEditor(this, draft);
    this.place.replaceChildren(this.editor.root);
    this.editor.side.append(this.output.panel);
  }

  keep(draft) {
    if (draft.dirty) drafts.set(`${draft.section}/${draft.key}`, draft); else drafts.delete(`${draft.section}/${draft.key}`);
    this.drawList();
  }

  forget(draft) { drafts.delete(`${draft.section}/${draft.key}`); }

  leave() {
    this.leaveWorkflow?.();
    this.editor?.leave();
    this.output.leave();
  }
}
