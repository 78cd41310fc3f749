// The Test view: a run on a prepared dataset, on a recording, or on what the camera sees.

import { get, post, url } from "./api.js";
import { Camera } from "./camera.js";
import { busy, jobPanel, onJob, startJob } from "./job.js";
import { Player } from "./player.js";
import { Plots } from "./plots.js";
import { confusionCard, subjectsCard, wrongCard } from "./runs.js";
import { Screen } from "./screen.js";
import { action, choice, el, fail } from "./ui.js";

const WAYS = [["dataset", "Dataset", "1"], ["film", "Recording", "2"], ["live", "Camera", "3"]];
const POINTS = { 5: "0,2,4", 68: "36,45,48,54,51,57" };
const kept = {
  run: "", way: "film", dataset: "", path: "", fps: "", speed: 0.25, points: 5, indices: [0, 2, 4], what: "moved",
  film: { window: "", stride: "" }, live: { window: 30, stride: 10 },
  ...JSON.parse(sessionStorage.getItem("merflow-test") || "{}"),
};
const remember = () => sessionStorage.setItem("merflow-test", JSON.stringify(kept));

export async function testView(view) {
  const known = await get("/api/test");
  if (!view.isConnected) return undefined;
  const page = new Page(view, known);
  page.build();
  await page.follow();
  return () => page.leave();
}

class Page {
  constructor(view, known) {
    Object.assign(this, { view, known, gone: false, test: { id: 0, state: "idle" }, player: null, camera: null });
    const folders = known.runs.map((run) => run.folder);
    if (!folders.includes(kept.run)) kept.run = (known.runs.find((run) => run.model) || known.runs[0])?.folder || "";
    if (!known.datasets.includes(kept.dataset)) kept.dataset = known.datasets[0] || "";
    if (!kept.path) kept.path = known.recordings[0] || "";
    this.screen = new Screen();
    this.plots = new Plots();
  }

  get run() { return this.known.runs.find((run) => run.folder === kept.run); }
  get use() { return { screen: this.screen, plots: this.plots, kept, remember }; }

  build() {
    this.controls = el("section", { class: "stack", id: "controls" });
    this.middle = el("section", { class: "stack", id: "middle" });
    this.status = el("div", { class: "stack", id: "test-status", role: "status" });
    this.output = jobPanel();
    this.view.append(el("div", { class: "test" }, this.controls, this.middle, this.plots.root));
    this.drawControls();
    let was = busy();
    this.leaveJob = onJob(() => {
      for (const button of this.controls.querySelectorAll("[data-final]")) button.disabled = busy();
      // A final model may have been made.
      if (was && !busy()) get("/api/test").then((known) => { this.known = known; this.drawControls(); }, fail);
      was = busy();
    });
  }

  leave() {
    this.gone = true;
    this.leaveJob();
    this.output.leave();
    this.player?.close();
    if (this.camera) { this.camera.close(); post("/api/test/stop", { id: this.test.id }).catch(() => {}); }
  }

  drawControls() {
    const ways = WAYS.map(([name, label, key]) => action(label, key, () => this.to(name),
      { "aria-pressed": String(kept.way === name), id: `way-${name}` }));
    const run = this.run;
    this.start = action({ dataset: "Test the dataset", film: "Open and test", live: "Start the camera" }[kept.way], "g",
      () => this.begin(), { id: "begin", disabled: !run?.model });
    this.end = action("Cancel", "x", () => this.stop(), { id: "end", disabled: true });
    this.controls.replaceChildren(this.runCard(run),
      el("div", { class: "card" }, el("h2", {}, "Test it on"), el("div", { class: "row ways" }, ways), this.sourceRows(),
        el("div", { class: "row" }, this.start, this.end), this.status),
      this.output.panel);
    this.settings = kept.way === "dataset" ? null : this.settingsCard();
    this.drawMiddle();
    this.drawStatus();
  }

  runCard(run) {
    const pick = choice("Run", this.known.runs.map((one) => [one.folder, `${one.experiment} ${one.factor} seed ${one.seed}${one.model ? "" : " (no final model)"}`]),
      (v) => { kept.run = v; remember(); this.drawControls(); }, kept.run);
    const next = action("Next run", "n", () => {
      const place = this.known.runs.indexOf(run);
      kept.run = this.known.runs[(place + 1) % this.known.runs.length].folder;
      remember();
      this.drawControls();
    }, { disabled: this.known.runs.length < 2 });
    const parts = [el("h2", {}, "Run"), el("div", { class: "row" }, pick, next)];
    if (run?.model) {
      parts.push(el("p", { class: "soft" }, `Classes: ${run.model.classes.join(", ")}. Trained on ${run.model.subjects} subjects.`),
        el("p", { class: "soft" }, run.model.said));
    } else if (run) {
      parts.push(el("p", { class: run.note ? "bad" : "soft" }, run.note || "It has no final model yet: one network trained on all labelled clips."),
        action("Make it", "f", () => startJob("final", run.folder), { "data-final": "", disabled: busy() }));
    } else parts.push(el("p", { class: "soft" }, "The config names no experiment."));
    return el("div", { class: "card", id: "run-card" }, parts);
  }

  sourceRows() {
    if (kept.way === "dataset") {
      return el("div", {}, el("label", {}, "dataset ", choice("Dataset to test", this.known.datasets.map((name) => [name]),
        (v) => { kept.dataset = v; remember(); }, kept.dataset)),
      el("p", { class: "soft" }, "Each clip is answered by the fold that left its subject out, or by the final model if training never saw it."));
    }
    if (kept.way === "live") return el("p", { class: "soft" }, "Its frames go to the server on this machine and are not kept.");
    const list = el("datalist", { id: "recordings" }, this.known.recordings.map((path) => el("option", { value: path })));
    const path = el("input", { type: "text", class: "wide", list: "recordings", id: "path", value: kept.path, spellcheck: "false",
      "aria-label": "Recording: a video or a folder of frames below the project's folder", placeholder: "video or folder of frames",
      onchange: () => { kept.path = path.value.trim(); remember(); } });
    const fps = el("input", { type: "number", min: 1, max: 10000, value: kept.fps, id: "fps", "aria-label": "Frames per second of a folder of frames",
      placeholder: "auto", onchange: () => { kept.fps = fps.value; remember(); } });
    const beside = (by) => {
      const all = this.known.recordings;
      kept.path = path.value = all[(all.indexOf(kept.path) + by + all.length) % all.length];
      remember();
    };
    const videos = this.known.recordings.length + this.known.more;
    return el("div", { class: "lines" }, path, list, el("div", { class: "row" },
      action("Next", "r", () => beside(1), { disabled: !this.known.recordings.length, "aria-label": "Next recording" }),
      el("label", {}, "frames/s ", fps)),
    el("p", { class: "soft" }, this.known.recordings.length ? `${videos === 1 ? "1 video" : `${videos} videos`} below the project's folder.`
      : "No video below the project's folder; `merflow demo --recordings 2` draws some."));
  }

  settingsCard() {
    const mine = kept[kept.way];
    const field = (name, low, high, blank) => el("input", { type: "number", min: low, max: high, value: mine[name], id: name, "aria-label": `${name} (frames)`,
      placeholder: blank, onchange: (e) => {
        const value = Math.round(+e.target.value);
        mine[name] = e.target.value === "" && blank ? "" : Math.max(low, Math.min(high, value || low));
        e.target.value = mine[name];
        remember();
        this.player?.window().catch(fail);
      } });
    const most = kept.way === "live" ? this.known.window_limit : 100000;
    const blank = kept.way === "live" ? "" : "auto";
    const points = choice("Landmarks", [["5", "5 points"], ["68", "68 points"]], (v) => {
      kept.points = +v;
      kept.indices = POINTS[v].split(",").map(Number);
      remember();
      this.drawControls();
    }, String(kept.points));
    const indices = el("input", { type: "text", id: "indices", value: kept.indices.join(","), "aria-label": "Landmarks to follow, dlib's numbers",
      onchange: () => this.choose(indices) });
    const what = choice("What of the landmarks", [["moved", "distance moved"], ["x", "x"], ["y", "y"]],
      (v) => { kept.what = v; remember(); this.redraw(); }, kept.what);
    const about = kept.points === 68 ? "68 points of dlib, whose training data excludes commercial use" : "5 points of dlib: 0 to 3 the eye corners, 4 the nose";
    return el("div", { class: "card row", id: "settings" },
      el("label", {}, "window ", field("window", 2, most, blank)), el("label", {}, "stride ", field("stride", 1, most, blank)), "frames",
      points, el("label", {}, "followed ", indices), what,
      el("span", { class: "soft" }, `${about}. ${kept.way === "live" ? "Window, stride and kind of landmarks count" : "The kind of landmarks counts"} from the next start.`));
  }

  choose(input) {
    const words = input.value.split(",").map((word) => word.trim()).filter((word) => word);
    const bad = words.find((word) => !/^\d+$/.test(word) || +word >= kept.points);
    if (bad != null) {
      input.value = kept.indices.join(",");
      return fail(new Error(`landmarks: ${bad}\n  expected: numbers 0 to ${kept.points - 1}, with commas`));
    }
    kept.indices = [...new Set(words.map(Number))].slice(0, 6);
    input.value = kept.indices.join(",");
    remember();
    this.redraw();
  }

  redraw() {
    (this.player || this.camera)?.drawTracks();
    this.player?.seek(this.player.at).catch(fail);
  }

  to(way) {
    kept.way = way;
    remember();
    this.drawControls();
  }

  drawMiddle() {
    if (kept.way === "dataset") {
      this.plots.root.hidden = true;
      this.middle.replaceChildren(this.results || el("p", { class: "soft" }, "Nothing tested yet."));
      return;
    }
    this.plots.root.hidden = false;
    const way = kept.way === "film" ? this.player : this.camera;
    if (!way) {
      this.screen.clear(kept.way === "film" ? "Open a recording." : "Start the camera.");
      this.plots.classes = this.run?.model?.classes || [];
      this.plots.drawTrend([], "frame");
      this.plots.drawTracks([], [], kept.indices, kept.what, "frame");
      this.plots.drawShare([]);
      this.plots.drawNow(null);
    }
    this.middle.replaceChildren(this.screen.root, ...(way ? [way.root] : []), this.settings);
    this.player?.seek(this.player.at).catch(fail);
  }

  async begin() {
    const way = kept.way;
    this.drop();
    if (way === "live") return this.beginCamera();
    const run = kept.run;
    const body = way === "dataset" ? { run, dataset: kept.dataset }
      : { run, path: kept.path, fps: kept.fps === "" ? null : +kept.fps, points: kept.points };
    if (way === "dataset") this.results = null;
    this.test = await post(`/api/test/${way}`, body);
    this.drawMiddle();
    await this.follow();
  }

  async beginCamera() {
    if (!navigator.mediaDevices) throw new Error("this page may not use a camera\n  expected: an address on this machine, http://127.0.0.1 or http://localhost");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } }, audio: false });
    } catch (error) {
      throw new Error(`camera: ${error.message || error.name}\n  to do: connect one, close other programs that use it, and allow it for this page`);
    }
    try {
      this.test = await post("/api/test/live", { run: kept.run, window: +kept.live.window, stride: +kept.live.stride, points: kept.points });
      this.stream = stream;
      await this.follow();
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      throw error;
    }
  }

  drop() {
    // What is being followed now ends here, so that no old film opens while a new test is asked for.
    this.turn = (this.turn || 0) + 1;
    this.player?.close();
    this.camera?.close();
    this.player = this.camera = null;
  }

  async stop() {
    const id = this.test.id;
    this.camera?.close();
    this.test = await post("/api/test/stop", { id });
    if (this.camera) { this.camera = null; this.drawMiddle(); }
    this.drawStatus();
  }

  // Until the test has ended: how far it is, its pictures as they come, then its result.
  async follow() {
    const turn = (this.turn = (this.turn || 0) + 1);
    for (;;) {
      const state = await get("/api/test/state");
      if (this.gone || turn !== this.turn) return;
      this.test = state;
      this.drawStatus();
      if (state.kind === "film" && state.reel && this.player?.test.id !== state.id) {
        const reel = await get(`${url("test", state.id)}/reel`);
        if (this.gone || turn !== this.turn) return;
        this.openFilm({ ...state, reel });
      }
      if (state.kind === "film") this.player?.more(state.ready)?.catch(fail);
      if (state.state !== "running") break;
      await new Promise((resolve) => setTimeout(resolve, 400));
      if (this.gone || turn !== this.turn) return;
    }
    await this.ended(this.test, turn);
  }

  openFilm(state) {
    this.player?.close();
    this.player = new Player(state, this.use);
    if (kept.way === "film") this.drawMiddle();
  }

  async ended(state, turn) {
    if (state.state === "failed") {
      fail(new Error(state.error));
    } else if (state.state === "watching" && this.stream) {
      const stream = this.stream;
      this.stream = null;
      const { classes } = await get(`${url("test", state.id)}/result`);
      if (this.gone || turn !== this.turn) { for (const track of stream.getTracks()) track.stop(); return; }
      this.camera = new Camera(state, classes, stream, this.use, (error) => {
        this.camera = null;
        this.drawMiddle();
        this.drawStatus();
        fail(error);
      });
      this.drawMiddle();
      await this.camera.start();
    } else if (state.state === "done") {
      const result = await get(`${url("test", state.id)}/result`);
      if (this.gone || turn !== this.turn) return;
      if (state.kind === "film") {
        const player = this.player;
        await player.take(result);
        if (turn !== this.turn) return;
        await player.seek(player.at);
        if (turn !== this.turn) return;
        this.screen.root.dataset.ready = state.id;
      } else {
        this.results = resultCards(result);
        this.drawMiddle();
      }
    }
    this.drawStatus();
  }

  drawStatus() {
    const { state, told, of, seconds, title, reel, ready } = this.test;
    const running = state === "running";
    this.end.disabled = !running && !this.camera;
    this.end.firstChild.textContent = this.camera ? "Stop the camera" : "Cancel";
    this.start.disabled = running || !!this.camera || !this.run?.model;
    const parts = [];
    if (running) {
      parts.push(`${title}: ${told}${of[1] ? `, ${of[0]} of ${of[1]}` : ""} (${Math.round(seconds)} s)`);
      if (of[1]) parts.push(el("progress", { class: "wide", max: of[1], value: of[0], "aria-label": told }));
      if (reel && ready < reel.count) parts.push(el("p", { class: "soft" }, `${ready} of ${reel.count} pictures`));
    } else if (state === "watching" && !this.camera) parts.push("the camera is used in another tab");
    else if (state !== "idle" && state !== "watching") parts.push(`${title}: ${state}, ${seconds} s`);
    this.status.replaceChildren(...parts);
  }
}

function resultCards(result) {
  const left = Object.entries(result.untested).map(([subject, count]) => `${subject} (${count})`);
  const words = [`${result.tested} clips answered, ${result.by_fold} by the fold that left their subject out, ${result.tested - result.by_fold} by the final model.`];
  if (result.without_class) words.push(`${result.without_class} clips have none of the classes.`);
  if (result.skipped.length) words.push(`Not prepared, or skipped on the way: ${result.skipped.join(", ")}.`);
  if (left.length) words.push(`Not tested, since training saw them and no fold left them out: ${left.join(", ")}.`);
  return el("div", { class: "stack", id: "results" }, el("p", {}, words.join(" ")),
    confusionCard(result), subjectsCard(result), wrongCard(result));
}
