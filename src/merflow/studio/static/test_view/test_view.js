// The Test view: a run tested on a prepared dataset, a recording, or the camera.

import { get, post, url } from "../shared/api.js";
import { action, el } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { outputPanel } from "../workflow/output_panel.js";
import { isRunning, onWorkflow } from "../workflow/workflow.js";
import { Camera, openCamera, stopStream } from "./camera.js";
import { datasetResults } from "./dataset_results.js";
import { Player } from "./player.js";
import { Plots } from "./plots.js";
import { chosenRun, runCard } from "./run_card.js";
import { Screen } from "./screen.js";
import { checkSettings, settings } from "./settings.js";
import { settingsCard } from "./settings_card.js";
import { sourceButtons, sourceRows } from "./source_card.js";
import { statusParts } from "./status.js";

const START = { dataset: "Test the dataset", recording: "Open and test", camera: "Start the camera" };

export async function testView(view) {
  const known = await get("/api/test");
  if (!view.isConnected) return undefined;
  checkSettings(known);
  const page = new TestView(view, known);
  page.build();
  await page.follow();
  return () => page.leave();
}

class TestView {
  constructor(view, known) {
    Object.assign(this, { view, known, turn: 0, test: { id: 0, state: "idle" }, player: null, camera: null });
    this.screen = new Screen();
    this.plots = new Plots();
  }

  get run() { return chosenRun(this.known); }

  build() {
    this.controls = el("section", { class: "stack", id: "controls" });
    this.middle = el("section", { class: "stack", id: "middle" });
    this.status = el("div", { class: "stack", id: "test-status", role: "status" });
    this.output = outputPanel();
    this.view.append(el("div", { class: "test" }, this.controls, this.middle, this.plots.root));
    this.drawControls();
    let was = isRunning();
    this.leaveWorkflow = onWorkflow(() => {
      for (const button of this.controls.querySelectorAll("[data-final]")) button.disabled = isRunning();
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
    this.start = action(START[settings.source], "g", () => this.begin(), { id: "begin", disabled: !this.run?.model });
    this.end = action("Cancel", "x", () => this.stop(), { id: "end", disabled: true });
    this.controls.replaceChildren(runCard(this.known, () => this.drawControls()),
      el("div", { class: "card" }, el("h2", {}, "Test it on"), sourceButtons(() => this.drawControls()), sourceRows(this.known),
        el("div", { class: "row" }, this.start, this.end), this.status),
      this.output.panel);
    this.settings = settings.source === "dataset" ? null : settingsCard(this.known.window_limit, {
      window: () => this.player?.loadWindows().catch(fail), landmarks: () => this.redraw(), kind: () => this.drawControls(),
    });
    this.drawMiddle();
    this.drawStatus();
  }

  redraw() {
    (this.player || this.camera)?.drawTracks();
    this.player?.seek(this.player.at).catch(fail);
  }

  drawMiddle() {
    const recording = settings.source === "recording";
    this.plots.root.hidden = settings.source === "dataset";
    if (settings.source === "dataset") {
      this.middle.replaceChildren(this.results || el("p", { class: "soft" }, "Nothing tested yet."));
      return;
    }
    const shown = recording ? this.player : this.camera;
    if (!shown) {
      this.screen.clear(recording ? "Open a recording." : "Start the camera.");
      this.plots.clear(this.run?.model?.classes || []);
    }
    this.middle.replaceChildren(this.screen.root, ...(shown ? [shown.root] : []), this.settings);
    if (recording) this.player?.seek(this.player.at).catch(fail);
  }

  async begin() {
    const { source, run, dataset, path, fps, points } = settings;
    this.drop();
    if (source === "camera") return this.beginCamera();
    if (source === "dataset") this.results = null;
    this.test = await post(`/api/test/${source}`, source === "dataset" ? { run, dataset }
      : { run, path, fps: fps === "" ? null : +fps, points });
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

  // Until the test has ended: its progress, its frames as they arrive, then its result.
  async follow() {
    const turn = ++this.turn;
    const late = () => turn !== this.turn;
    for (;;) {
      const state = await get("/api/test/state");
      if (late()) return;
      this.test = state;
      this.drawStatus();
      if (state.kind === "recording" && state.recording && this.player?.test.id !== state.id) {
        const recording = await get(`${url("test", state.id)}/recording`);
        if (late()) return;
        this.openRecording({ id: state.id, recording });
      }
      if (state.kind === "recording") this.player?.more(state.ready)?.catch(fail);
      if (state.state !== "running") break;
      await new Promise((resolve) => setTimeout(resolve, 400));
      if (late()) return;
    }
    await this.showResult(this.test, late);
    if (!late()) this.drawStatus();
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
    const result = await get(`${url("test", id)}/result`);
    if (late()) return stopStream(stream);
    if (kind === "camera") return this.showCamera(test, result.classes, stream);
    if (kind === "recording") return this.showRecording(id, result, late);
    this.results = datasetResults(result);
    return this.drawMiddle();
  }

  async showRecording(id, result, late) {
    const player = this.player;
    await player.take(result);
    if (late()) return;
    await player.seek(player.at);
    if (!late()) this.screen.root.dataset.ready = id;
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

  drawStatus() {
    const running = this.test.state === "running";
    this.end.disabled = !running && !this.camera;
    this.end.firstChild.textContent = this.camera ? "Stop the camera" : "Cancel";
    this.start.disabled = running || !!this.camera || !this.run?.model;
    this.status.replaceChildren(...statusParts(this.test, !!this.camera));
  }
}
