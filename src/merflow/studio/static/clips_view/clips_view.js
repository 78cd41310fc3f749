// The Clips view: a list with filters on the left, the open clip on the right.

import { setAddress } from "../shared/address.js";
import { get } from "../shared/api.js";
import { action, choice, el } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { openClip } from "./clip.js";

const filters = { dataset: "", emotion: "", text: "", corrected: false };

export async function clipsView(view, wanted) {
  const list = el("div", { id: "list", "aria-label": "Clips" });
  const count = el("span", { class: "soft", id: "count" });
  const stage = el("section", { id: "stage" });
  const side = el("section", { id: "side" });
  const found = await get("/api/clips");
  if (!view.isConnected) return undefined;
  if (found.errors.length) fail(new Error(found.errors.join("\n")));
  let shown = [], current = null, close = () => {};

  const drawList = () => {
    shown = found.clips.filter(passes);
    count.textContent = `${shown.length} of ${found.clips.length} clips`;
    list.replaceChildren(...shown.map((clip) => listButton(clip, clip === current, () => open(clip))));
    if (!shown.length) list.append(el("p", { class: "soft" }, found.clips.length ? "No clip passes the filters."
      : "No clips yet: prepare a dataset in the Datasets view first."));
    list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  };
  const filter = (name) => (value) => { filters[name] = value; drawList(); };

  async function open(clip) {
    current = clip;
    setAddress("clips", ...clip.key);
    drawList();
    close();
    try {
      close = openClip(clip, found, stage, side, (corrected) => { clip.corrected = corrected; drawList(); });
    } catch (error) { fail(error); }
  }
  const move = (by) => {
    const place = shown.indexOf(current);
    const next = shown[place < 0 ? 0 : place + by];
    if (next) open(next);
  };
  const select = (label, name, values, all) =>
    choice(label, [["", all], ...[...new Set(values)].map((one) => [one])], filter(name), filters[name]);
  view.append(el("div", { class: "clips" },
    el("section", {},
      el("div", { class: "filters" },
        el("input", { type: "search", placeholder: "filter by name", "aria-label": "Filter by name", value: filters.text,
          oninput: (e) => filter("text")(e.target.value) }),
        select("Dataset", "dataset", found.clips.map((clip) => clip.key[0]), "all datasets"),
        select("Emotion", "emotion", found.clips.map((clip) => clip.emotion).sort(), "all emotions")),
      el("label", {}, el("input", { type: "checkbox", checked: filters.corrected,
        onchange: (e) => filter("corrected")(e.target.checked) }), " corrected only"),
      el("div", { class: "row" }, action("Previous", "p", () => move(-1)), action("Next", "n", () => move(1)), count),
      list),
    stage, side));
  const named = found.clips.find((clip) => clip.key.every((part, i) => part === wanted[i]));
  if (wanted.length && !named) fail(new Error(`${wanted.join("/")}: no such clip in the catalogue`));
  drawList();
  if (named || shown.length) await open(named || shown[0]);
  return () => close();
}

function passes(clip) {
  return (!filters.dataset || clip.key[0] === filters.dataset) && (!filters.emotion || clip.emotion === filters.emotion)
    && (!filters.corrected || clip.corrected.length) && clip.key.join("/").toLowerCase().includes(filters.text.toLowerCase());
}

function listButton(clip, isCurrent, open) {
  return el("button", { type: "button", title: clip.key.join("/"), onclick: open, "aria-current": isCurrent ? "true" : null },
    el("span", {}, `${clip.key[1]} ${clip.key[2]}${clip.corrected.length ? " ✎" : ""}`),
    el("span", { class: "soft" }, clip.emotion));
}
