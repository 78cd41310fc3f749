// Recordings that the user picks or drops. They are copied into the project on this machine, and
// nowhere else.

import { identity, RequestError } from "./api.js";
import { progressBar } from "./components.js";
import { action, el, plural } from "./elements.js";
import { fail, guarded } from "./errors.js";
import { sizeOf } from "./folder_picker.js";

export const VIDEOS = [".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"];
const isVideo = (name) => VIDEOS.some((suffix) => name.toLowerCase().endsWith(suffix));

// Send one file; resolves to { path, bytes }, path from the project's folder.
function send(file, name, folder, onProgress, stopped) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/upload?${new URLSearchParams({ name, folder })}`);
    for (const [header, value] of Object.entries(identity())) request.setRequestHeader(header, value);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded));
    request.addEventListener("load", () => (request.status === 200 ? resolve(request.response)
      : reject(new RequestError(request.status, request.response || { where: name, found: `HTTP ${request.status}` }))));
    request.addEventListener("error", () => reject(new RequestError(0, { where: name, found: "it could not be sent", fix: "see whether merflow studio still runs" })));
    request.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    stopped(() => request.abort());
    request.send(file);
  });
}

// A place to drop videos or folders of videos on, with buttons that open the browser's own pickers.
// folder: folder of the project; done(paths): called with the paths of what was stored.
export function dropZone({ folder = "data/uploads", done, text = "Drop videos, or a folder of videos, here" }) {
  const input = (more) => el("input", { type: "file", hidden: true, multiple: true, "aria-hidden": "true", tabindex: -1, ...more,
    onchange: guarded(async (event) => { await take([...event.target.files].map((file) => [file, file.webkitRelativePath || file.name])); event.target.value = ""; }) });
  const one = input({ accept: VIDEOS.join(","), id: "upload-files" });
  const many = input({ webkitdirectory: true, id: "upload-folder" });
  const status = el("div", { class: "stack", role: "status" });
  const buttons = el("div", { class: "row" }, action("Choose videos", "", () => one.click(), { icon: "file" }), action("Choose a folder", "", () => many.click(), { icon: "folder" }));
  const box = el("div", { class: "drop", role: "group", "aria-label": "Upload" }, el("p", {}, text), buttons,
    el("p", { class: "soft small" }, "They are copied to ", el("code", {}, folder), " of this project and stay on this machine."), status, one, many);

  for (const name of ["dragover", "dragleave", "drop"]) {
    box.addEventListener(name, (event) => {
      event.preventDefault();
      box.classList.toggle("over", name === "dragover");
    });
  }
  box.addEventListener("drop", guarded(async (event) => take(await dropped(event.dataTransfer))));

  async function take(files) {
    const good = files.filter(([, name]) => isVideo(name));
    const others = files.length - good.length;
    if (!good.length) {
      throw new RequestError(0, { where: "upload", found: files.length ? `no video among ${plural(files.length, "file")}` : "no files",
        expected: VIDEOS.join(", "), fix: "folders of frames are read where they are: choose their folder on this machine" });
    }
    const total = good.reduce((sum, [file]) => sum + file.size, 0) || 1;
    const bar = progressBar("Upload", 0, total), line = el("span", { class: "soft small" });
    let abort = () => {}, stopped = false;
    const stop = action("Stop upload", "", () => { stopped = true; abort(); }, { class: "small" });
    status.replaceChildren(el("div", { class: "row" }, bar, line, stop));
    const paths = [];
    let sent = 0;
    try {
      for (const [file, name] of good) {
        if (stopped) break;
        const found = await send(file, name, folder, (loaded) => {
          bar.max = total;
          bar.value = sent + loaded;
          line.textContent = `${name}: ${sizeOf(sent + loaded)} of ${sizeOf(total)}`;
        }, (how) => { abort = how; });
        sent += file.size;
        paths.push(found.path);
      }
    } catch (error) {
      if (error.name !== "AbortError") fail(error);
    }
    const left = others ? `; ${plural(others, "other file")} left out` : "";
    status.replaceChildren(el("span", { class: "soft small" }, `${plural(paths.length, "recording")} stored${left}.`));
    if (paths.length) await done(paths);
  }
  return box;
}

// The files of a drop, those in folders included: [[file, path from what was dropped]].
async function dropped(data) {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...data.files].map((file) => [file, file.name]);
  return (await Promise.all(entries.map((entry) => filesIn(entry)))).flat();
}

async function filesIn(entry, above = "") {
  const name = above + entry.name;
  if (entry.isFile) return [[await new Promise((resolve, reject) => entry.file(resolve, reject)), name]];
  const reader = entry.createReader(), found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    found.push(...some);
  }
  return (await Promise.all(found.filter((one) => !one.name.startsWith(".")).map((one) => filesIn(one, `${name}/`)))).flat();
}
