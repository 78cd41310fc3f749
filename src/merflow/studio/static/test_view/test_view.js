// The Test view: a run tested on a prepared dataset, a recording, or the camera.

import { get, post, url } from "../shared/api.js";
import { action, el, relabel } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { reasonOf } from "../shared/reason.js";
import { outputPanel } from "../workflow/output_panel.js";
import { isRunning, onWorkflow } from "../workflow/workflow.js";
import { Camera, openCamera, stopStream } from "./camera.js";
import { datasetResults } from "./dataset_results.js";
import { Player } from "./player.js";
import { Plots } from "./plots.js";
import { chosenRun, runCard, runName } from "./run_card.js";
import { Screen } from "./screen.js";
import { checkSettings, saveSettings, settings } from "./settings.js";
import { settingsCard } from "./settings_card.js";
import { sourceButtons, sourceRows } from "./source_card.js";
import { statusParts } from "./status.js";

const START = { dataset: "Test the dataset", recording: "Open and test", camera: "Start the camera" };
const POLL_MS = 400;

export async function testView(view, [run]) {
  const known = await get("/api/test");
  if (!view.isConnected) return undefined;
  if (run) { settings.run = run; saveSettings(); }
  checkSettings(known);
  const page = new TestView(view, known);
  page.build();
  await page.follow(!run);
  return () => page.leave();
}

class TestView {
  constructor(view, known) {
    Object.assign(this, { view, known, turn: 0, test: { id: 0, state: "idle" }, player: null, camera: null, results: null });
    this.screen = new Screen();
    this.plots = new Plots();
  }

  get run() { return chosenRun(this.known); }

  build() {
    this.controls = el("section", { class: "stack", id: "controls", "aria-label": "What is tested" });
    this.middle = el("section", { class: "stack", id: "middle", "aria-label": "Result" });
    this.subject = el("p", { class: "soft", id: "subject" });
    this.status = el("div", { class: "stack", id: "test-status", role: "status" });
    this.output = outputPanel();
    this.view.append(el("div", { class: "test" }, this.controls, this.middle, this.plots.root));
    this.drawControls();
    let was = isRunning();
    this.leaveWorkflow = onWorkflow(() => {
      this.runCard.update();
      // The workflow may have trained a final model.
      if (was && !isRunning()) get("/api/test").then((known) => { this.known = known; this.drawControls(); }, fail);
      was = isRunning();
    });
  }

  leave() {
    this.turn += 1;
    this.leaveWorkflow();
    this.output.leave();
    this.player?.close();
    if (this.camera) { this.camera.close(); post("/api/test/stop", { id: this.test.id }).catch(() => {}); }
  }

  drawControls() {
    this.start = action(START[settings.source], "g", () => this.begin(), { id: "begin", kind: "primary", icon: settings.source === "camera" ? "camera" : "play" });
    this.startReason = reasonOf(this.start);
    this.end = action("Cancel", "x", () => this.stop(), { id: "end", icon: "stop" });
    // What the user chose is not replaced by the test that another page or an earlier view started.
    const change = () => { this.touched = true; this.change(); };
    this.runCard = runCard(this.known, change);
    this.controls.replaceChildren(this.runCard.root,
      el("div", { class: "card stack" }, el("h2", {}, "Test it on"), sourceButtons(() => { this.touched = true; this.drawControls(); }), sourceRows(this.known, change, () => this.typed()),
        el("div", { class: "row" }, this.start, this.end), this.startReason, this.status),
      this.output.panel);
    this.settings = settings.source === "dataset" ? null : settingsCard(this.known.window_limit, {
      window: () => this.player?.loadWindows().catch(fail), landmarks: () => this.redraw(), kind: () => this.drawControls(),
    });
    this.runCard.update();
    this.drawMiddle();
    this.drawStatus();
  }

  redraw() {
    (this.player || this.camera)?.drawTracks();
    this.player?.seek(this.player.at).catch(fail);
  }

  // Another run, dataset or recording was chosen: nothing of the last test stays.
  change() {
    if (this.test.state !== "running" && !this.camera) this.clear();
    this.drawControls();
  }

  // While a path is typed the controls stay, so that the field keeps its focus.
  typed() {
    this.touched = true;
    if (this.test.state !== "running" && !this.camera) this.clear();
    this.drawMiddle();
    this.drawStatus();
  }

  clear() {
    this.drop();
    this.results = null;
    if (!["running", "watching"].includes(this.test.state)) this.test = { id: 0, state: "idle" };
    delete this.screen.root.dataset.ready;
    delete this.screen.root.dataset.shown;
    this.subject.textContent = "";
    this.screen.clear("");
    this.plots.clear([], "test");
  }

  drawMiddle() {
    const recording = settings.source === "recording";
    this.plots.root.hidden = settings.source === "dataset";
    if (settings.source === "dataset") {
      this.middle.replaceChildren(this.subject, this.results || el("p", { class: "soft" }, "Nothing tested yet."));
      return;
    }
    const shown = recording ? this.player : this.camera;
    if (!shown) {
      this.screen.clear(this.test.state === "running" ? "Starting…" : recording ? "Open a recording." : "Start the camera.");
      this.plots.clear(this.run?.model?.classes || []);
    }
    this.middle.replaceChildren(...(shown ? [this.subject] : []), this.screen.root, ...(shown ? [shown.root] : []), this.settings);
    if (recording) this.player?.seek(this.player.at).catch(fail);
  }

  async begin() {
    const { source, run, dataset, path, fps, points, spotter } = settings;
    this.clear();
    this.drawMiddle();
    if (source === "camera") return this.beginCamera();
    this.test = await post(`/api/test/${source}`, source === "dataset" ? { run, dataset }
      : { run, path, fps: fps === "" ? null : +fps, points, spotter });
    this.drawMiddle();
    return this.follow();
  }

  async beginCamera() {
    const stream = await openCamera();
    try {
      const { run, points, camera } = settings;
      this.test = await post("/api/test/camera", { run, window: +camera.window, stride: +camera.stride, points });
      this.stream = stream;
      await this.follow();
    } catch (error) {
      stopStream(stream);
      throw error;
    }
  }

  drop() {
    // Ends the present follow(), so that no earlier recording opens after a new test was requested.
    this.turn += 1;
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

  // Until the test has ended: its progress, its frames and predictions as they are found, its result.
  // adopt: show a test that another page or an earlier view started.
  async follow(adopt = false) {
    const turn = ++this.turn;
    const late = () => turn !== this.turn;
    for (;;) {
      const state = await get("/api/test/state");
      if (late()) return;
      if (adopt && !this.touched && ["running", "done"].includes(state.state)) this.adopt(state);
      if (adopt && state.state !== "running" && !this.fits(state)) return;
      adopt = false;
      this.test = state;
      this.describe(state);
      this.drawStatus();
      if (state.kind === "recording" && state.recording && this.player?.test.id !== state.id) {
        const recording = await get(`${url("test", state.id)}/recording`);
        if (late()) return;
        this.openRecording({ id: state.id, recording });
      }
      if (state.kind === "recording" && this.player) {
        await this.player.grow(state);
        if (late()) return;
      }
      if (state.state !== "running") break;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      if (late()) return;
    }
    await this.showResult(this.test, late);
    if (!late()) this.drawStatus();
  }

  // Choose what the server's test is of.
  adopt({ tested, kind }) {
    if (kind === "camera" || !this.known.runs.some((run) => run.folder === tested.run)) return;
    Object.assign(settings, tested, { source: kind });
    saveSettings();
    this.drawControls();
  }

  fits({ tested, kind, state }) {
    if (state === "idle" || kind === "camera") return true;
    return tested.run === settings.run && (kind === "dataset" ? tested.dataset === settings.dataset : tested.path === settings.path && tested.spotter === settings.spotter);
  }

  describe({ tested, kind }) {
    const run = this.known.runs.find((one) => one.folder === tested?.run);
    const what = { dataset: tested?.dataset, recording: tested?.path, camera: "Camera" }[kind];
    this.subject.textContent = run ? `${what}, tested with ${runName(run)}` : "";
    if (run) this.plots.name = `${(what || "").split("/").at(-1).replace(/\.\w+$/, "")}-${run.experiment}-${run.factor}`;
  }

  openRecording(test) {
    this.player?.close();
    this.player = new Player(test, this.screen, this.plots);
    if (settings.source === "recording") this.drawMiddle();
  }

  async showResult(test, late) {
    const { id, kind, state } = test;
    if (state === "failed") { stopStream(this.stream); return fail(new Error(test.error)); }
    if (state !== "done" && !(state === "watching" && this.stream)) return undefined;
    const stream = this.stream;
    this.stream = null;
    if (kind === "recording") {
      await this.player.seek(this.player.at);
      if (!late()) this.screen.root.dataset.ready = id;
      return undefined;
    }
    const result = await get(`${url("test", id)}/result`);
    if (late()) return stopStream(stream);
    if (kind === "camera") return this.showCamera(test, result.classes, stream);
    this.results = datasetResults(result);
    return this.drawMiddle();
  }

  showCamera(test, classes, stream) {
    this.camera = new Camera(test, classes, stream, this.screen, this.plots, (error) => {
      this.camera = null;
      this.drawMiddle();
      this.drawStatus();
      fail(error);
    });
    this.drawMiddle();
    return this.camera.start();
  }

  // Why a test cannot be started now; empty if it can.
  reason() {
    if (!this.run) return "The config has no experiment.";
    if (!this.run.model) return this.run.note ? "Its final model cannot be read (see above)." : "This run has no final model yet: train it above.";
    if (this.camera) return "The camera is on; stop it first.";
    if (this.test.state === "running") return "A test is running; cancel it or wait.";
    if (settings.source === "recording" && !settings.path) return "Choose a recording first.";
    if (settings.source === "dataset" && !settings.dataset) return "The config has no dataset.";
    return "";
  }

  drawStatus() {
    const running = this.test.state === "running";
    this.end.hidden = !running && !this.camera;
    relabel(this.end, this.camera ? "Stop the camera" : "Cancel");
    this.startReason.set(this.reason());
    this.status.replaceChildren(...statusParts(this.test, !!this.camera));
  }
}
