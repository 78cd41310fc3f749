// The Clips view: a list with filters on the left, the clip that is open on the right.

import { get } from "./api.js";
import { openClip } from "./clip.js";
import { action, choice, el, fail, keepAddress } from "./ui.js";

const asked = { dataset: "", emotion: "", text: "", corrected: false };

export async function clipsView(view, wanted) {
  const list = el("div", { id: "list", "aria-label": "Clips" });
  const count = el("span", { class: "soft", id: "count" });
  const stage = el("section", { id: "stage" });
  const side = el("section", { id: "side" });
  const found = await get("/api/clips");
  if (!view.isConnected) return undefined;
  if (found.faults.length) fail(new Error(found.faults.join("\n")));
  let shown = [], current = null, close = () => {};

  const filter = () => {
    const text = asked.text.toLowerCase();
    shown = found.clips.filter((clip) =>
      (!asked.dataset || clip.key[0] === asked.dataset) && (!asked.emotion || clip.emotion === asked.emotion)
      && (!asked.corrected || clip.corrected.length) && clip.key.join("/").toLowerCase().includes(text));
    count.textContent = `${shown.length} of ${found.clips.length} clips`;
    list.replaceChildren(...shown.map((clip) => el("button", {
      type: "button", title: clip.key.join("/"), onclick: () => open(clip),
      "aria-current": clip === current ? "true" : null },
    el("span", {}, `${clip.key[1]} ${clip.key[2]}${clip.corrected.length ? " ✎" : ""}`),
    el("span", { class: "soft" }, clip.emotion))));
    if (!shown.length) list.append(el("p", { class: "soft" }, found.clips.length ? "No clip passes the filters."
      : "No clips yet: prepare a dataset in the Datasets view first."));
    list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  };

  async function open(clip) {
    current = clip;
    keepAddress("clips", ...clip.key);
    filter();
    close();
    try {
      close = openClip(clip, found, stage, side, (corrected) => { clip.corrected = corrected; filter(); });
    } catch (error) { fail(error); }
  }
  const beside = (by) => {
    const place = shown.indexOf(current);
    const next = shown[place < 0 ? 0 : place + by];
    if (next) open(next);
  };
  const emotions = [...new Set(found.clips.map((clip) => clip.emotion))].sort();
  const datasets = [...new Set(found.clips.map((clip) => clip.key[0]))];
  const any = (words, all) => [["", all], ...words.map((word) => [word])];
  view.append(el("div", { class: "clips" },
    el("section", {},
      el("div", { class: "filters" },
        el("input", { type: "search", placeholder: "filter by name", "aria-label": "Filter by name", value: asked.text,
          oninput: (e) => { asked.text = e.target.value; filter(); } }),
        choice("Dataset", any(datasets, "all datasets"), (v) => { asked.dataset = v; filter(); }, asked.dataset),
        choice("Emotion", any(emotions, "all emotions"), (v) => { asked.emotion = v; filter(); }, asked.emotion)),
      el("label", {}, el("input", { type: "checkbox", checked: asked.corrected,
        onchange: (e) => { asked.corrected = e.target.checked; filter(); } }), " corrected only"),
      el("div", { class: "row" }, action("Previous", "p", () => beside(-1)), action("Next", "n", () => beside(1)), count),
      list),
    stage, side));
  const named = found.clips.find((clip) => clip.key.every((part, i) => part === wanted[i]));
  if (wanted.length && !named) fail(new Error(`${wanted.join("/")}: no such clip in the catalogue`));
  filter();
  if (named || shown.length) await open(named || shown[0]);
  return () => close();
}
