// The Clips view: a list with filters on the left, the open clip on the right.

import { addressOf, setAddress } from "../shared/address.js";
import { get } from "../shared/api.js";
import { badge, emptyState } from "../shared/components.js";
import { action, choice, el } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { openClip } from "./clip.js";
import { showFactor } from "./magnification.js";
import { predictionNote } from "./prediction_note.js";

const filters = { dataset: "", emotion: "", text: "", corrected: false };

// wanted: dataset, subject, clip, and the run (experiment, factor, seed) with the prediction
export async function clipsView(view, wanted) {
  const list = el("div", { id: "list", role: "group", "aria-label": "Clips" });
  const count = el("span", { class: "soft small num", id: "count" });
  const stage = el("section", { id: "stage", class: "stack", "aria-label": "Picture" });
  const side = el("section", { id: "side", class: "stack", "aria-label": "Controls" });
  let found = await get("/api/clips");
  if (!view.isConnected) return undefined;
  if (found.errors.length) fail(new Error(found.errors.join("\n")));
  if (!found.clips.length) {
    view.append(el("div", { class: "card" }, emptyState("clips", "No clips yet",
      "Clips appear here after a dataset has been prepared: its faces aligned and cropped.", el("a", { class: "button primary", href: "#datasets" }, "Open Data"))));
    return undefined;
  }
  let shown = [], current = null, close = () => {};
  const run = wanted.length === 6 ? wanted.slice(3) : null;
  if (run) showFactor(run[1], found.factors);

  const drawList = () => {
    shown = found.clips.filter(passes);
    count.textContent = `${shown.length} of ${found.clips.length} clips`;
    list.replaceChildren(...shown.map((clip) => listButton(clip, clip === current, () => open(clip))));
    if (!shown.length) list.append(el("p", { class: "soft" }, "No clip passes the filters."));
    list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  };
  const filter = (name) => (value) => { filters[name] = value; drawList(); };

  async function open(clip, above = null, parents = [["Clips", "#clips"]]) {
    current = clip;
    setAddress("clips", ...clip.key, ...(above ? run : []));
    drawList();
    close();
    const marked = {
      corrected: (names) => { clip.corrected = names; drawList(); },
      waiting: () => found.clips.filter((one) => one.key[0] === clip.key[0]).reduce((sum, one) => sum + one.corrected.length, 0),
      applied: async () => {
        found = await get("/api/clips");
        await open(found.clips.find((one) => one.key.join("/") === clip.key.join("/")) || found.clips[0], above, parents);
      },
    };
    try {
      close = openClip(clip, found, stage, side, marked, parents, above);
    } catch (error) { fail(error); }
  }

  // The clip of a wrong prediction, with what was predicted above it.
  async function openFrom(clip) {
    const above = await predictionNote(run, clip.key);
    if (view.isConnected) await open(clip, above, [["Runs", "#runs"], [`${run[0]} ${run[1]}`, addressOf("runs", ...run)]]);
  }
  const move = (by) => {
    const place = shown.indexOf(current);
    const next = shown[place < 0 ? 0 : place + by];
    if (next) open(next);
  };
  const select = (label, name, values, all) =>
    choice(label, [["", all], ...[...new Set(values)].map((one) => [one])], filter(name), filters[name]);
  const step = (label, key, shape, by) => action(label, key, () => move(by), { icon: shape, iconOnly: true, group: "List of clips" });
  view.append(el("div", { class: "clips" },
    el("section", { class: "card browse", "aria-label": "List of clips" },
      el("div", { class: "filters" },
        el("input", { type: "search", placeholder: "Filter by name", "aria-label": "Filter by name", value: filters.text,
          oninput: (e) => filter("text")(e.target.value) }),
        select("Dataset", "dataset", found.clips.map((clip) => clip.key[0]), "all datasets"),
        select("Emotion", "emotion", found.clips.map((clip) => clip.emotion).sort(), "all emotions")),
      el("label", { class: "row small" }, el("input", { type: "checkbox", checked: filters.corrected,
        onchange: (e) => filter("corrected")(e.target.checked) }), "with corrected marks only"),
      el("div", { class: "row apart" }, count, el("span", { class: "joined" }, step("Previous clip", "p", "up", -1), step("Next clip", "n", "down", 1))),
      list),
    stage, side));
  const named = found.clips.find((clip) => clip.key.every((part, i) => part === wanted[i]));
  if (wanted.length && !named) fail(new Error(`${wanted.join("/")}: no such clip in the catalogue`));
  drawList();
  if (named && run) await openFrom(named);
  else if (named || shown.length) await open(named || shown[0]);
  return () => close();
}

function passes(clip) {
  return (!filters.dataset || clip.key[0] === filters.dataset) && (!filters.emotion || clip.emotion === filters.emotion)
    && (!filters.corrected || clip.corrected.length) && clip.key.join("/").toLowerCase().includes(filters.text.toLowerCase());
}

function listButton(clip, isCurrent, open) {
  return el("button", { type: "button", title: clip.key.join("/"), onclick: open, "aria-current": isCurrent ? "true" : null },
    el("span", {}, `${clip.key[1]} ${clip.key[2]}`),
    clip.corrected.length ? badge("corrected", "warn") : null,
    el("span", { class: "soft small" }, clip.emotion));
}
