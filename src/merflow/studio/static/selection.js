// Which frames would go on to interpolation, tried out on the clip that is open.

import { get, url } from "./api.js";
import { action, choice, el, fail } from "./ui.js";

const CHOICES = [["all", "all frames"], ["windows", "windows round the marks"],
  ["apex-nine", "nine round the apex"], ["onset-apex", "onset to apex"]];
const kept = { frames: "windows", window: 5, every: 0 };
const SMALL = 38;

export class Selection {
  constructor(open, signal) {
    this.open = open;
    this.signal = signal;
    const number = (name, low) => el("input", { type: "number", min: low, max: 1000, value: kept[name], "aria-label": name,
      onchange: (e) => { kept[name] = Math.max(low, Math.round(+e.target.value) || low); e.target.value = kept[name]; this.refresh().catch(fail); } });
    this.choice = choice("Frames kept", CHOICES, (v) => { kept.frames = v; this.refresh().catch(fail); }, kept.frames);
    this.told = el("p", { class: "soft", id: "selected", role: "status" });
    this.strip = el("div", { class: "strip", "aria-label": "Frames chosen" });
    this.windowed = el("div", { class: "row" }, el("label", {}, "window ", number("window", 1)),
      el("label", {}, "every n-th other ", number("every", 0)));
    this.root = el("div", { class: "card" }, el("h2", {}, "Frame selection"),
      el("div", { class: "row" }, this.choice, action("Next", "s", () => {
        this.choice.selectedIndex = (this.choice.selectedIndex + 1) % CHOICES.length;
        kept.frames = this.choice.value;
        return this.refresh();
      })), this.windowed, this.told, this.strip);
  }

  async refresh() {
    const { clip, preparation } = this.open;
    const mine = (this.turn = (this.turn || 0) + 1);
    this.windowed.hidden = kept.frames !== "windows";
    const place = (number, other) => (number == null ? other : clip.numbers.indexOf(number));
    const onset = place(clip.marks.onset, 0), offset = place(clip.marks.offset, clip.numbers.length - 1);
    // An apex nobody has set is found between the published marks; these may have moved since.
    const apex = Math.max(onset, Math.min(offset, place(clip.marks.apex ?? clip.found_apex)));
    const words = new URLSearchParams({ preparation, ...kept, onset, apex, offset });
    const { positions } = await get(`${url("clip", ...clip.key)}/selection?${words}`, this.signal);
    const frames = await this.open.film("x1");
    if (mine !== this.turn) return; // Another choice was made meanwhile: an older answer is none.
    const by = clip.marks.apex == null && kept.frames !== "all" ? `; apex at ${clip.found_apex}: ${clip.found_apex_by}` : "";
    this.told.textContent = `${positions.length} of ${clip.numbers.length} frames${by}`;
    this.strip.replaceChildren(...positions.map((position) => {
      const small = el("canvas", { width: SMALL * 2, height: SMALL * 2 });
      small.getContext("2d").drawImage(frames[position], 0, 0, SMALL * 2, SMALL * 2);
      const number = clip.numbers[position];
      return el("button", { type: "button", title: `frame ${number}`, "aria-label": `Go to frame ${number}`,
        onclick: () => this.open.go(position) }, small);
    }));
  }
}
