// A wrong prediction that a clip was opened from: truth, prediction, probability, the way back.

import { addressOf } from "../shared/address.js";
import { get, url } from "../shared/api.js";
import { badge } from "../shared/components.js";
import { action, el, fixed } from "../shared/elements.js";
import { icon } from "../shared/icons.js";

// run: [experiment, factor, seed]. Returns the element, or null where the run predicted the clip right.
export async function predictionNote(run, key) {
  const { wrong } = await get(url("runs", ...run));
  const at = wrong.findIndex((row) => row.key.join("/") === key.join("/"));
  if (at < 0) return null;
  const row = wrong[at];
  const go = (to) => () => { location.hash = addressOf("clips", ...wrong[to].key, ...run); };
  const chance = (p) => (p == null ? "" : ` ${fixed(p, 2)}`);
  const step = (label, keys, shape, to) => action(label, keys, go(to), { icon: shape, iconOnly: true, kind: "ghost", class: "small",
    disabled: to < 0 || to >= wrong.length, group: "Wrong predictions" });
  return el("div", { class: "card from-run", id: "prediction" },
    el("a", { class: "button ghost", href: addressOf("runs", ...run), "data-key": "Shift+B", id: "back-to-run" }, icon("back"), el("span", {}, `${run[0]} ${run[1]}`)),
    el("div", { class: "row grow" }, el("span", {}, "predicted"), badge(`${row.predicted}${chance(row.p)}`, "bad"),
      el("span", {}, "truth"), badge(`${row.truth}${chance(row.p_truth)}`, "good"), el("span", { class: "soft small" }, `fold ${row.fold}, seed ${run[2]}`)),
    el("div", { class: "row tight" }, step("Previous wrong prediction", "<", "back", at - 1), el("span", { class: "num small" }, `${at + 1} of ${wrong.length}`),
      step("Next wrong prediction", ">", "forward", at + 1)));
}
