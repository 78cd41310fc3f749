// The form of a collection: which datasets an experiment uses together.

import { el } from "../shared/elements.js";
import { nameBoxes } from "./inputs.js";

export class CollectionForm {
  constructor(entry, context, changed) {
    this.error = el("span", { class: "error", id: "collection-error", role: "alert", hidden: true });
    const boxes = nameBoxes("Datasets", context.names.datasets, entry.values, (found) => { entry.values = found; changed(); });
    boxes.setAttribute("aria-describedby", "collection-error");
    this.root = el("div", { class: "field", id: "form" }, el("span", { class: "label" }, "Datasets"), context.names.datasets.length ? boxes
      : el("p", { class: "soft" }, "The config has no dataset yet; add one in the Data view."), el("span", { class: "help" },
      "Experiments on this collection train and test on all of them together."), this.error);
  }

  showFaults(faults) {
    this.error.textContent = faults.map((one) => one.text).join("; ");
    this.error.hidden = !faults.length;
    return [];
  }
}
