// The Datasets view: datasets of the config, their clips, checks, roots and preparation.

import { addressOf, setAddress } from "../shared/address.js";
import { get } from "../shared/api.js";
import { action, choice, el, plural, table } from "../shared/elements.js";
import { fail } from "../shared/errors.js";
import { icon } from "../shared/icons.js";
import { outputPanel } from "../workflow/output_panel.js";
import { isRunning, onWorkflow, startWorkflow } from "../workflow/workflow.js";
import { checkCard } from "./check.js";
import { pickRoot } from "./folder_picker.js";

let open = "";

export async function datasetsView(view, [wanted]) {
  const list = el("div", { class: "card scroll" });
  const detail = el("div", { class: "stack", id: "detail" });
  const output = outputPanel();
  view.append(el("div", { class: "pair" }, el("div", { class: "stack" }, list, output.panel), detail));
  let gone = false, found;

  const named = (name) => found.datasets.find((one) => one.name === name);
  const cannotPrepare = (one) => isRunning() || !one?.used || !one?.root_exists;

  async function load() {
    found = await get("/api/datasets");
    if (gone || !view.isConnected) return;
    const names = found.datasets.map((one) => one.name);
    if (names.includes(wanted)) open = wanted;
    else if (!names.includes(open)) open = names[0] || "";
    wanted = "";
    const next = names.length > 1 ? action("Next dataset", "n", () => select(names[(names.indexOf(open) + 1) % names.length])) : null;
    list.replaceChildren(el("div", { class: "card-head" }, el("h2", {}, `Datasets of ${found.config}`),
      el("a", { class: "button primary", href: "#own", id: "add-own" }, icon("plus"), "Your own clips")),
      table(["dataset", "root", "clips", "subjects", "cropped"], found.datasets.map((one) => listRow(one, select)), { class: "wide" }),
      el("div", { class: "row under" }, addRow(), next));
    showDetail();
  }

  // A dataset that the config does not name yet: its root is chosen first.
  function addRow() {
    const published = found.readers.filter((name) => name !== "manifest");
    if (!published.length) return "";
    const other = choice("Dataset to add", published.map((name) => [name]), () => {}, published[0]);
    return el("span", { class: "row" }, other, action("Add dataset", "a", () => pickRoot(other.value, null, "", () => chosen(other.value))));
  }

  function chosen(name) {
    open = name;
    return load();
  }

  function select(name) {
    setAddress("datasets", name);
    return chosen(name);
  }

  function showDetail() {
    const one = named(open);
    if (!one) return detail.replaceChildren();
    const prepare = action("Prepare", "g", () => startWorkflow("dataset", one.name), { "data-start": one.name, disabled: cannotPrepare(one) });
    const move = action("Choose root", "o", () => pickRoot(one.name, one.root, one.root_exists ? one.folder : "", () => chosen(one.name)));
    const edit = one.own ? el("a", { class: "button", href: addressOf("own", one.folder) }, "Edit the clips") : null;
    const check = checkCard(one.name, () => gone || open !== one.name);
    return detail.replaceChildren(
      el("div", { class: "card" }, el("div", { class: "row" }, el("h2", {}, one.name), check.button, prepare, move, edit),
        el("p", { class: "soft" }, one.used ? "Prepare aligns, crops, magnifies and interpolates every subject for the experiments that use it."
          : "No experiment of the config uses this dataset."), el("h2", {}, "Findings of the check"), check.findings),
      el("div", { class: "card scroll" }, el("h2", {}, "Clips by subject and emotion"), el("div", { class: "tall", tabindex: 0 }, countsTable(one))));
  }

  await load();
  if (!view.isConnected) { output.leave(); return undefined; }
  let was = isRunning(), done = 0;
  const leave = onWorkflow((state) => {
    for (const button of detail.querySelectorAll("[data-start]")) button.disabled = cannotPrepare(named(button.dataset.start));
    if (was !== isRunning() || (isRunning() && state.done !== done)) {
      was = isRunning();
      done = state.done;
      load().catch(fail);
    }
  });
  return () => { gone = true; leave(); output.leave(); };
}

function listRow(one, select) {
  const isOpen = one.name === open;
  return el("tr", { class: isOpen ? "open" : "" },
    el("td", {}, el("button", { type: "button", "aria-pressed": String(isOpen), onclick: () => select(one.name) }, one.name)),
    el("td", { class: "path" }, one.root, one.root_exists ? "" : el("div", { class: "bad" }, "no such folder")),
    el("td", { class: "num" }, one.clips || "–"), el("td", { class: "num" }, Object.keys(one.subjects).length || "–"),
    el("td", {}, Object.entries(one.prepared).map(([name, count]) => `${name}: ${plural(count, "subject")}`).join("; ")));
}

function countsTable(one) {
  if (!one.clips && one.own && !one.manifest) {
    return el("p", { class: "soft" }, "This folder has no table of clips yet. ", el("a", { href: addressOf("own", one.folder) }, "Make it in Own clips"), ".");
  }
  if (!one.clips) return el("p", { class: "soft" }, one.error || "Its clips are listed after the workflow has read it: Prepare.");
  const rows = Object.entries(one.subjects).map(([subject, counts]) => [
    subject, ...one.emotions.map((name) => counts[name] || 0), Object.values(counts).reduce((a, b) => a + b, 0)]);
  return table(["subject", ...one.emotions, "all"], rows, { class: "wide" });
}
