// The open clip: loads it and connects player, magnification, traces, marks and frame selection.

import { get, url } from "../shared/api.js";
import { badge, emptyState } from "../shared/components.js";
import { action, el, plural } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { setPage } from "../shared/page.js";
import { Player } from "./clip_player.js";
import { FrameSelection } from "./frame_selection.js";
import { FrameView } from "./frame_view.js";
import { loadFrames } from "./frames.js";
import { Magnification } from "./magnification.js";
import { Marks } from "./marks.js";
import { saveMenu } from "./save_clip.js";
import { Traces } from "./traces.js";

// row: the clip's row of the list; marked: {corrected(names), applied(), waiting()}: called after a mark was
// saved, after marks were applied, and for the number that is not applied yet; parents: path of the page; above: what stands above the picture
export function openClip(row, found, stage, side, marked, parents, above) {
  const control = new AbortController();
  const clip = new OpenClip(row, found, stage, side, marked, parents, above, control.signal);
  clip.start().catch(fail);
  return () => { control.abort(); clip.player?.pause(); };
}

class OpenClip {
  constructor(row, found, stage, side, marked, parents, above, signal) {
    Object.assign(this, { row, found, stage, side, marked, parents, above, signal });
    this.preparation = row.preparations[0] || found.preparations[0];
    this.frames = new Map();
  }

  async start() {
    const name = this.row.key.join("/");
    const show = (...parts) => this.stage.replaceChildren(...(this.above ? [this.above] : []), el("div", { class: "card" }, parts));
    setPage(name, this.parents);
    this.side.replaceChildren();
    show(el("p", { class: "soft" }, "Loading…"));
    if (this.row.missing) {
      show(emptyState("warn", "No frames", this.row.missing));
      throw new Error(`${name}: ${this.row.missing}`);
    }
    if (!this.row.preparations.length) {
      return show(emptyState("clips", "Not prepared yet", `${name} has not been aligned and cropped. Prepare its dataset first.`,
        el("a", { class: "button primary", href: `#datasets/${encodeURIComponent(this.row.key[0])}` }, "Open Data")));
    }
    try {
      this.clip = await get(`${url("clip", ...this.row.key)}?preparation=${encodeURIComponent(this.preparation)}`, this.signal);
    } catch (error) {
      if (error.name !== "AbortError") show(emptyState("warn", `${name} cannot be shown`, error.message.split("\n")[0]));
      throw error;
    }
    this.build();
    return this.refresh();
  }

  build() {
    const { clip, signal } = this;
    this.view = new FrameView(clip.size, clip.points, (at) => { this.magnification.wipe.value = Math.round(at * 100); });
    this.player?.pause();
    this.player = new Player(clip, this.view, (number) => this.traces.moveTo(number));
    this.traces = new Traces(clip, (factor) => this.query({ factor }), signal);
    this.magnification = new Magnification(this.found.factors, this.view, () => this.refresh(), (speed) => this.player.setSpeed(speed));
    this.marks = new Marks(clip, this.player, { ...this.marked, saved: () => this.saved() });
    this.selection = new FrameSelection({
      clip, signal, go: (index) => this.player.go(index), frames: () => this.load("x1"), query: (values) => this.query(values),
    });
    this.loading = el("span", { class: "soft small", id: "loading", role: "status" });
    this.stage.replaceChildren(...(this.above ? [this.above] : []), this.pictureCard(), this.traces.root);
    const preparations = this.found.preparations.length > 1 ? this.row.preparations : [];
    this.side.replaceChildren(this.magnification.card(preparations, this.preparation, (name) => this.prepare(name)),
      this.marks.root, this.selection.root);
  }

  pictureCard() {
    const { clip, view } = this;
    const tool = (label, key, shape, run) => action(label, key, run, { icon: shape, iconOnly: true, kind: "ghost", class: "small", group: "Picture" });
    return el("div", { class: "card picture" },
      el("div", { class: "card-head" }, el("div", { class: "row" }, badge(clip.emotion, "info"),
        clip.action_units ? badge(`AU ${clip.action_units}`) : null, el("span", { class: "soft small num" }, `${plural(clip.numbers.length, "frame")} at ${clip.fps} Hz`), this.loading),
      el("div", { class: "row tight" }, tool("Enlarge", "+", "zoomIn", () => view.enlarge(1.5)), tool("Reduce", "-", "zoomOut", () => view.enlarge(1 / 1.5)),
        tool("Whole picture", "0", "fit", () => view.fit()),
        saveMenu({ clip, view, query: (values) => this.query(values), number: () => this.player.number() }))),
      view.root, ...this.player.parts);
  }

  query(values) { return new URLSearchParams({ preparation: this.preparation, ...values }); }

  async prepare(name) {
    this.preparation = name;
    this.frames.clear();
    await this.start();
  }

  async load(factor) {
    if (!this.frames.has(factor)) {
      const count = this.clip.numbers.length;
      const onProgress = (done) => { this.loading.textContent = done < count ? `${factor}: ${done} of ${count} frames` : ""; };
      this.loading.textContent = factor === "x1" ? "loading…" : `magnifying ${factor}…`;
      const frames = loadFrames(this.clip.key, this.query({ factor }), count, this.signal, onProgress);
      this.frames.set(factor, frames);
      frames.catch(() => { this.frames.delete(factor); this.loading.textContent = ""; });
    }
    return this.frames.get(factor);
  }

  async refresh() {
    const [left, right] = this.magnification.chosen();
    // The user may have chosen another factor while frames were loaded.
    const late = () => { const now = this.magnification.chosen(); return left !== now[0] || right !== now[1]; };
    const shown = (frames, name) => (name ? { name, frames } : null);
    const first = await this.load(left);
    if (late()) return;
    if (right && right !== this.view.right?.name) {
      // The left side is there before the right one is magnified.
      this.view.show(shown(first, left), null);
      this.player.go(this.player.at);
    }
    const second = right ? await this.load(right) : null;
    if (late()) return;
    this.view.show(shown(first, left), shown(second, right));
    this.player.go(this.player.at);
    this.stage.dataset.ready = `${this.clip.key.join("/")} ${left} ${right}`;
    await Promise.all([this.traces.draw(right || left), this.selection.refresh()]);
  }

  saved() {
    const { published, marks } = this.clip;
    const [left, right] = this.magnification.chosen();
    this.marked.corrected(Object.keys(marks).filter((name) => marks[name] !== published[name]));
    this.traces.draw(right || left).catch(fail);
    this.selection.refresh().catch(fail);
  }
}
