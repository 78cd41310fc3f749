// One entry: its form, the lines of the file beside it, save, duplicate, delete; of an experiment also
// what will run.

import { addressOf } from "../shared/address.js";
import { post } from "../shared/api.js";
import { confirmed, note } from "../shared/components.js";
import { action, el, plural } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { toast } from "../shared/page.js";
import { reasonOf } from "../shared/reason.js";
import { CollectionForm } from "./collection_form.js";
import { SECTIONS } from "./entry_list.js";
import { copyOf, sameEntry } from "./entry_values.js";
import { filePanel } from "./file_panel.js";
import { EntryForm } from "./form.js";
import { runCard } from "./run_card.js";

const WAIT_MS = 250;

export class EntryEditor {
  // page: the view; draft: {section, key, was (null: new), name, version (of the file that it
  // was made from), values, original, dirty}
  constructor(page, draft) {
    Object.assign(this, { page, draft, turn: 0, faults: [], timer: 0 });
    this.kind = SECTIONS[draft.section][1];
    this.file = filePanel(page.known.file);
    this.side = el("div", { class: "stack side" }, this.file.root);
    this.summary = el("div", { id: "faults" });
    this.root = el("div", { class: "entry" }, el("div", { class: "card stack", id: "editor" }, this.head(), this.summary, this.nameField(), this.buildForm()), this.side);
    if (draft.section === "experiments" && draft.was !== null) {
      this.run = runCard(draft.was, page.known.runs[draft.was] || [], () => this.draft.dirty);
      this.side.prepend(this.run.root);
    }
    this.showDirty();
    this.preview().catch(fail);
  }

  head() {
    const { was } = this.draft;
    this.saveButton = action("Save", "", () => this.save(), { kind: "primary", id: "save-entry" });
    this.saveReason = reasonOf(this.saveButton);
    this.undo = action(was === null ? "Discard" : "Undo changes", "", () => this.discard(), { icon: "undo", class: "small", id: "undo-entry" });
    const more = was === null ? [] : [
      action("Duplicate", "d", () => this.page.create(this.draft.section, copyOf(this.draft.values), `${was}-copy`), { icon: "copy", class: "small", id: "duplicate-entry" }),
      action("Delete", "", () => this.remove(), { icon: "trash", kind: "danger", class: "small", id: "delete-entry" })];
    return el("div", { class: "top" }, el("div", { class: "card-head" }, el("h2", {}, was === null ? `New ${this.kind}` : "Settings"),
      this.undo, ...more, this.saveButton), this.saveReason);
  }

  nameField() {
    const input = el("input", { type: "text", id: "entry-name", value: this.draft.name, spellcheck: "false", autocomplete: "off", maxlength: 120,
      "aria-describedby": "entry-name-help entry-name-error", oninput: () => { this.draft.name = input.value.trim(); this.changed(); } });
    const error = el("span", { class: "error", id: "entry-name-error", role: "alert", hidden: true });
    this.nameError = (text) => { error.textContent = text; error.hidden = !text; input.setAttribute("aria-invalid", String(!!text)); };
    const help = this.draft.section === "experiments" && this.draft.was !== null
      ? "Letters, digits and _ . + - only. Results lie under the old name: a renamed experiment trains again." : "Letters, digits and _ . + - only.";
    return el("div", { class: "field" }, el("label", { for: "entry-name" }, "Name"), input, el("span", { class: "help", id: "entry-name-help" }, help), error);
  }

  buildForm() {
    const { known, networks, fields } = this.page;
    const context = { names: known.names, networks, create: (section) => this.page.create(section) }, changed = () => this.changed();
    this.form = this.draft.section === "collections" ? new CollectionForm(this.draft, context, changed)
      : new EntryForm(fields[this.draft.section], this.draft, context, changed);
    return this.form.root;
  }

  changed() {
    const { draft } = this;
    draft.dirty = draft.was === null || draft.name !== draft.was || !sameEntry(draft.values, draft.original);
    this.page.keep(draft);
    this.showDirty("Checking…");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.preview().catch(fail), WAIT_MS);
  }

  showDirty(reason = "") {
    const { dirty } = this.draft;
    this.saveReason.set(!dirty ? "Nothing to save." : reason || (this.faults.length ? `${plural(this.faults.length, "field")} to correct first.` : ""));
    this.undo.hidden = !dirty;
    this.side.classList.toggle("dirty", dirty);
    this.run?.update();
  }

  request(values) {
    const { section, name, was } = this.draft;
    return { section, name, was, values };
  }

  async preview() {
    const turn = ++this.turn;
    const prefix = `${this.draft.section}.${this.draft.name}.`;
    const found = await post("/api/config/preview", this.request(this.draft.values));
    if (turn !== this.turn || !this.root.isConnected) return;
    if (found.lines.length) this.file.show(found);
    const ofName = (one) => one.path === "name" || `${one.path}.` === prefix;
    const own = found.faults.filter((one) => ofName(one) || one.path.startsWith(prefix));
    this.nameError(own.filter(ofName).map((one) => one.text).join("; "));
    const outside = found.faults.filter((one) => !own.includes(one) && found.changed);
    const unplaced = this.form.showFaults(own.filter((one) => !ofName(one)).map((one) => ({ path: one.path.slice(prefix.length), text: one.text })));
    this.faults = own;
    this.showFaults([...unplaced.map((one) => `${one.path}: ${one.text}`)], outside.map((one) => (one.path ? `${one.path}: ${one.text}` : one.text)));
  }

  showFaults(texts, outside = []) {
    const first = this.root.querySelector("[aria-invalid='true'], [data-invalid] input, [data-invalid] select, [data-invalid] button");
    const parts = [];
    if (this.faults.length) {
      parts.push(note("bad", el("p", {}, `${plural(this.faults.length, "field")} to correct before it can be saved.`),
        ...texts.map((text) => el("p", {}, text)), ...(first ? [action("Go to the first", "", () => first.focus(), { class: "small" })] : [])));
    }
    if (outside.length) parts.push(note("warn", el("p", {}, "Elsewhere in the config:"), ...outside.slice(0, 5).map((text) => el("p", {}, text))));
    this.summary.replaceChildren(...parts);
    this.showDirty();
  }

  async save() {
    const { draft, page } = this;
    try {
      await post("/api/config/save", { ...this.request(draft.values), before: draft.version });
    } catch (error) {
      if (error.status === 409) { this.offerReload(error); return; }
      throw error;
    }
    page.forget(draft);
    await page.read();
    // Shown when the other forms know of it too.
    toast(`Saved to ${page.known.file}.`);
    // Another entry may have been opened meanwhile.
    if (this.root.isConnected) this.openNow(draft.section, draft.name);
  }

  openNow(section, name) {
    const address = addressOf("experiments", section, name);
    if (location.hash === address) this.page.open(section, name); else location.hash = address;
  }

  // The file was changed by another program or page: nothing was saved.
  offerReload(error) {
    // A preview that waits or is under way would take the question away.
    clearTimeout(this.timer);
    this.turn += 1;
    this.summary.replaceChildren(note("warn", el("p", {}, error.message.split("\n")[0]), el("div", { class: "row" },
      action("Load the file, drop my changes", "", async () => { this.page.forget(this.draft); await this.page.read(); this.openNow(this.draft.section, this.draft.was ?? Object.keys(this.page.known[this.draft.section])[0]); }, { class: "small", id: "take-file" }),
      action("Keep my changes", "", async () => { await this.page.read(); this.draft.version = this.page.known.version; await this.preview(); }, { class: "small", id: "keep-mine" }))));
    this.summary.firstChild.scrollIntoView({ block: "nearest" });
  }

  discard() {
    const { draft, page } = this;
    page.forget(draft);
    if (draft.was === null) { location.hash = "#experiments"; return; }
    page.open(draft.section, draft.was);
  }

  async remove() {
    const { section, was } = this.draft;
    const text = section === "experiments" ? "It is removed from the config. What was computed stays in the folder results/." : "It is removed from the config.";
    if (!await confirmed(`Delete ${this.kind} ${was}?`, el("p", {}, text), "Delete", { kind: "danger" })) return;
    await post("/api/config/save", { ...this.request(null), name: null, before: this.page.known.version });
    this.page.forget(this.draft);
    toast(`${was} was deleted.`);
    location.hash = "#experiments";
  }

  showRuns(runs, ended) {
    this.run?.showRuns(runs[this.draft.was] || []);
    if (ended) this.run?.plan();
  }

  leave() {
    clearTimeout(this.timer);
    this.turn += 1;
    this.run?.leave();
  }
}
