// Onset, apex and offset marks of one clip: set, undo, redo; each change is checked and saved at once.

import { post, url } from "../shared/api.js";
import { showVersions } from "../shared/banner.js";
import { action, el } from "../shared/elements.js";

const MARKS = ["onset", "apex", "offset"];
const KEYS = { onset: "o", apex: "a", offset: "f" };
const histories = new Map();

const same = (a, b) => MARKS.every((name) => a[name] === b[name]);

export class Marks {
  // player: {number(): the frame shown, goTo(number)}; changed: called after every save
  constructor(clip, player, changed) {
    this.clip = clip;
    this.player = player;
    this.changed = changed;
    this.saved = { ...clip.marks };
    const name = clip.key.join("/");
    if (!histories.has(name)) histories.set(name, { undo: [], redo: [] });
    this.past = histories.get(name);
    this.root = el("div", { class: "card" });
    this.rows = el("tbody");
    this.status = el("p", { class: "soft", id: "saved", role: "status" });
    this.source = el("input", { type: "text", class: "wide", maxlength: 200, "aria-label": "Source: who set it",
      placeholder: "source: who set it, and why", value: sessionStorage.getItem("source") || "",
      onchange: () => sessionStorage.setItem("source", this.source.value) });
    this.undo = action("Undo", "z", () => this.step("undo", "redo"));
    this.redo = action("Redo", "y", () => this.step("redo", "undo"));
    this.back = action("As published", "b", () => this.set({ ...this.clip.published }));
    this.root.append(el("h2", {}, "Marks (dataset's frame numbers)"),
      el("table", { class: "marks wide" }, this.rows),
      el("div", { class: "row" }, this.undo, this.redo, this.back), el("h3", {}, "Source"), this.source, this.status);
    this.report("unchanged since the clip was opened");
    this.render();
  }

  render() {
    this.rows.replaceChildren(...MARKS.map((name, i) => {
      const now = this.saved[name], was = this.clip.published[name];
      const differs = now !== was;
      return el("tr", {},
        el("td", {}, name), el("td", { class: "num", id: `mark-${name}` }, now ?? "none"),
        el("td", { class: "soft" }, differs ? `was ${was ?? "none"}` : ""),
        el("td", {}, action("Set", KEYS[name], () => this.set({ ...this.saved, [name]: this.player.number() }),
          { "aria-label": `Set ${name} to the frame shown`, id: `set-${name}` })),
        el("td", {}, action("Go", String(i + 1), () => this.player.goTo(now),
          { "aria-label": `Go to ${name}`, disabled: now == null })));
    }));
    this.undo.disabled = !this.past.undo.length;
    this.redo.disabled = !this.past.redo.length;
    this.back.disabled = same(this.saved, this.clip.published);
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
    const before = this.saved;
    if (!await this.save(marks)) return false;
    this.past[from].push(before);
    if (from === "undo" && !this.stepping) this.past.redo.length = 0;
    this.show();
    return true;
  }

  show() {
    this.render();
    this.changed();
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
