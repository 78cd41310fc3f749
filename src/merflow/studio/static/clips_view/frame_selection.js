// Frame selection: which frames of the open clip would be passed on to interpolation.

import { get, url } from "../shared/api.js";
import { action, choice, el, nextOption } from "../shared/elements.js";
import { fail } from "../shared/errors.js";

const METHODS = [["all", "all frames"], ["windows", "windows around the marks"],
  ["apex-nine", "nine around the apex"], ["onset-apex", "onset to apex"]];
const kept = { frames: "windows", window: 5, every: 0 };
const SIZE = 38;

export class FrameSelection {
  // open: {clip, signal, go(index), frames(): its frames, query(values): parameters of the request}
  constructor(open) {
    this.open = open;
    this.turn = 0;
    const number = (name, low) => el("input", { type: "number", min: low, max: 1000, value: kept[name], "aria-label": name,
      onchange: (e) => this.set(name, e.target.value = Math.max(low, Math.round(+e.target.value) || low)) });
    this.method = choice("Frames kept", METHODS, (v) => this.set("frames", v), kept.frames);
    this.summary = el("p", { class: "soft", id: "selected", role: "status" });
    this.strip = el("div", { class: "strip", "aria-label": "Frames chosen" });
    this.windowed = el("div", { class: "row" }, el("label", { class: "row" }, "Window", number("window", 1)),
      el("label", { class: "row" }, "and every n-th other", number("every", 0)));
    this.root = el("div", { class: "card stack" }, el("div", { class: "card-head" }, el("h2", {}, "Frame selection"),
      action("Next frame selection", "s", () => {
        kept.frames = nextOption(this.method);
        return this.refresh();
      }, { icon: "forward", iconOnly: true, kind: "ghost", class: "small" })), this.method, this.windowed, this.summary, this.strip);
  }

  set(name, value) {
    kept[name] = value;
    this.refresh().catch(fail);
  }

  async refresh() {
    const { clip, signal } = this.open;
    const mine = ++this.turn;
    this.windowed.hidden = kept.frames !== "windows";
    const place = (number, other) => (number == null ? other : clip.numbers.indexOf(number));
    const onset = place(clip.marks.onset, 0), offset = place(clip.marks.offset, clip.numbers.length - 1);
    // A found apex lies between the published marks, which may have been corrected since.
    const apex = Math.max(onset, Math.min(offset, place(clip.marks.apex ?? clip.found_apex)));
    const query = this.open.query({ ...kept, onset, apex, offset });
    const { positions } = await get(`${url("clip", ...clip.key)}/selection?${query}`, signal);
    const frames = await this.open.frames();
    if (mine !== this.turn) return; // The user has chosen again meanwhile.
    const apexNote = clip.marks.apex == null && kept.frames !== "all" ? `; apex at ${clip.found_apex}: ${clip.found_apex_by}` : "";
    this.summary.textContent = `${positions.length} of ${clip.numbers.length} frames${apexNote}`;
    this.strip.replaceChildren(...positions.map((position) => this.thumbnail(frames[position], position)));
  }

  thumbnail(frame, position) {
    const small = el("canvas", { width: SIZE * 2, height: SIZE * 2 });
    small.getContext("2d").drawImage(frame, 0, 0, SIZE * 2, SIZE * 2);
    const number = this.open.clip.numbers[position];
    return el("button", { type: "button", title: `frame ${number}`, "aria-label": `Go to frame ${number}`,
      onclick: () => this.open.go(position) }, small);
  }
}
