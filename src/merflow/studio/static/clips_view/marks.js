// Onset, apex and offset marks of one clip: set, undo, redo; each change is checked and saved at once.

import { post, url } from "../shared/api.js";
import { showVersions } from "../shared/banner.js";
import { badge, field } from "../shared/components.js";
import { action, el, relabel } from "../shared/elements.js";
import { openApply } from "./apply_marks.js";

const MARKS = ["onset", "apex", "offset"];
const KEYS = { onset: "o", apex: "a", offset: "f" };
const histories = new Map();

const same = (a, b) => MARKS.every((name) => a[name] === b[name]);

export class Marks {
  // player: {number(): the frame shown, goTo(number)}; changed: {saved(), applied(), waiting()}: called after every
  // save, and after marks of the dataset were applied; the number of marks that are not applied yet
  constructor(clip, player, changed) {
    this.clip = clip;
    this.player = player;
    this.changed = changed;
    this.saved = { ...clip.marks };
    const name = clip.key.join("/");
    if (!histories.has(name)) histories.set(name, { undo: [], redo: [] });
    this.past = histories.get(name);
    this.rows = el("tbody");
    this.status = el("p", { class: "soft small", id: "saved", role: "status" });
    this.source = el("input", { type: "text", class: "wide", maxlength: 200, id: "source",
      placeholder: "who set it, and why", value: sessionStorage.getItem("source") || "",
      onchange: () => sessionStorage.setItem("source", this.source.value) });
    this.undo = action("Undo", "z", () => this.step("undo", "redo"), { icon: "undo", class: "small" });
    this.redo = action("Redo", "y", () => this.step("redo", "undo"), { icon: "redo", class: "small" });
    this.back = action("As published", "b", () => this.set({ ...this.clip.published }), { class: "small" });
    this.apply = action("Apply…", "Shift+A", () => openApply(clip.key[0], changed.applied), { class: "small", id: "open-apply", "aria-label": `Apply corrected marks of ${clip.key[0]}` });
    this.root = el("div", { class: "card stack", id: "marks" }, el("div", { class: "card-head" }, el("h2", {}, "Marks"), this.apply),
      el("table", { class: "marks wide" }, el("caption", { class: "hide" }, "Marks, in frame numbers of the dataset"), this.rows),
      el("div", { class: "row" }, this.undo, this.redo, this.back),
      field("Source", this.source, { wide: true }), this.status);
    this.report(clip.applied.length ? `${clip.applied.join(", ")}: changed since the last run, used by the next one` : "unchanged since the clip was opened");
    this.render();
  }

  render() {
    this.rows.replaceChildren(...MARKS.map((name, i) => {
      const now = this.saved[name], was = this.clip.published[name];
      return el("tr", {},
        el("th", { scope: "row" }, name),
        el("td", {}, action(String(now ?? "none"), String(i + 1), () => this.player.goTo(now),
          { "aria-label": `Go to ${name}, ${now ?? "none"}`, disabled: now == null, id: `mark-${name}`, kind: "ghost", class: "small num" }),
        now === was ? null : badge(`was ${was ?? "none"}`, "warn")),
        el("td", { class: "num" }, action(`Set ${name}`, KEYS[name], () => this.set({ ...this.saved, [name]: this.player.number() }),
          { "aria-label": `Set ${name} to the frame shown`, id: `set-${name}`, class: "small" })));
    }));
    this.undo.disabled = !this.past.undo.length;
    this.redo.disabled = !this.past.redo.length;
    this.back.disabled = same(this.saved, this.clip.published);
    const waiting = this.changed.waiting();
    relabel(this.apply, waiting ? `Apply ${waiting}…` : "Apply…");
    this.apply.classList.toggle("primary", waiting > 0);
  }

  report(text) { this.status.textContent = text; }

  // Marks out of order are refused here and by the server. Returns whether the marks were saved.
  async set(marks, from = "undo") {
    if (same(marks, this.saved)) return true;
    const order = MARKS.filter((name) => marks[name] != null);
    for (let i = 1; i < order.length; i++) {
      if (marks[order[i - 1]] > marks[order[i]]) {
        throw new Error(`${this.clip.key.join("/")}: ${order[i - 1]} ${marks[order[i - 1]]} lies after ${order[i]} ${marks[order[i]]}\n  expected: onset <= apex <= offset\n  to do: move the other mark first; nothing was changed`);
      }
    }
    if (marks.onset != null && marks.onset === marks.offset && !same(marks, this.clip.published)) {
      throw new Error(`${this.clip.key.join("/")}: onset and offset are both ${marks.onset}\n  expected: an onset before the offset; a clip of one frame has no movement\n  to do: move the other mark first; nothing was changed`);
    }
    const before = this.saved;
    if (!await this.save(marks)) return false;
    this.past[from].push(before);
    if (from === "undo" && !this.stepping) this.past.redo.length = 0;
    this.show();
    return true;
  }

  show() {
    this.changed.saved();
    this.render();
  }

  // Another page or program has changed the marks since this page read them.
  choose({ file, page }) {
    this.report("not saved: changed elsewhere");
    const keep = () => {
      this.take(file);
      this.report("the file's version is shown");
      this.show();
    };
    const save = () => {
      this.take(file);
      this.show();
      return this.set(page);
    };
    showVersions(this.clip.key.join("/"), MARKS.map((name) => [name, file[name] ?? "none", page[name] ?? "none"]), keep, save);
  }

  take(marks) {
    this.saved = marks;
    this.clip.marks = marks;
  }

  async step(from, to) {
    const marks = this.past[from].pop();
    if (!marks) return;
    this.stepping = true;
    try {
      if (!await this.set(marks, to)) this.past[from].push(marks);
    } catch (error) {
      this.past[from].push(marks);
      throw error;
    } finally {
      this.stepping = false;
      this.render();
    }
  }

  async save(marks) {
    this.report("saving…");
    try {
      const saved = await post(`${url("clip", ...this.clip.key)}/marks`,
        { marks, before: this.saved, source: this.source.value });
      this.take(saved.marks);
      this.report(`saved in ${saved.file}`);
      return true;
    } catch (error) {
      if (error.versions) {
        this.choose(error.versions);
        return false;
      }
      this.report("not saved");
      throw error;
    }
  }
}
