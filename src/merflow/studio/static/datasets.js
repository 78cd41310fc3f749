// The Datasets view: what the config names, what is in it, what is wrong with it, preparation.

import { get, post, url } from "./api.js";
import { busy, jobPanel, onJob, startJob } from "./job.js";
import { action, choice, el, fail, guarded, keepAddress, table } from "./ui.js";

let open = "";

export async function datasetsView(view, [wanted]) {
  const list = el("div", { class: "card scroll" });
  const detail = el("div", { class: "stack", id: "detail" });
  const output = jobPanel();
  view.append(el("div", { class: "pair" }, el("div", { class: "stack" }, list, output.panel), detail));
  let gone = false, found;

  async function load() {
    found = await get("/api/datasets");
    if (gone || !view.isConnected) return;
    const names = found.datasets.map((one) => one.name);
    if (!names.includes(open)) open = names.includes(wanted) ? wanted : names[0] || "";
    const rows = found.datasets.map((one) => el("tr", { class: one.name === open ? "open" : "" },
      el("td", {}, el("button", { type: "button", "aria-pressed": String(one.name === open), onclick: () => pick(one.name) }, one.name)),
      el("td", {}, one.root, one.there ? "" : el("div", { class: "bad" }, "no such folder")),
      el("td", { class: "num" }, one.clips || "–"), el("td", { class: "num" }, Object.keys(one.subjects).length || "–"),
      el("td", {}, Object.entries(one.prepared).map(([name, count]) => `${name}: ${count} subjects`).join("; "))));
    list.replaceChildren(el("h2", {}, `Datasets of ${found.config}`),
      table(["dataset", "root", "clips", "subjects", "cropped"], rows, { class: "wide" }),
      el("div", { class: "row" }, addRow(), action("Next dataset", "n", () => {
        const place = names.indexOf(open);
        return pick(names[(place + 1) % names.length]);
      }, { disabled: names.length < 2 })));
    show();
  }

  // A dataset that the config does not name yet: it gets a root first.
  function addRow() {
    const other = choice("Dataset to add", found.readers.map((name) => [name]), () => {}, found.readers[0]);
    return found.readers.length ? el("span", { class: "row" }, other, action("Add dataset", "a", () => {
      detail.replaceChildren(el("div", { class: "card" }, el("h2", {}, `${other.value}: where it lies`), picker(other.value, "")));
      return undefined;
    })) : "";
  }

  // Folders below the one the studio was started in, one level at a time.
  function picker(name, begin) {
    const box = el("div", { class: "stack", id: "picker" });
    async function go(at) {
      const { folders, more } = await get(`/api/folders?${new URLSearchParams({ at })}`);
      const up = at.split("/").slice(0, -1).join("/");
      box.replaceChildren(el("div", { class: "row" }, el("strong", { id: "picked" }, at || "(the project's folder)"),
        action("Up", "u", () => go(up), { disabled: !at }),
        action("Use this folder", "h", async () => {
          await post(`${url("datasets", name)}/root`, { root: at });
          open = name;
          await load();
        }, { disabled: !at })),
      el("div", { class: "tags tall" }, folders.map((one) => el("button", { type: "button",
        onclick: guarded(() => go(at ? `${at}/${one}` : one)) }, one)),
      more ? el("span", { class: "soft" }, `and ${more} more`) : folders.length ? "" : el("span", { class: "soft" }, "no folder in it")));
    }
    go(begin).catch(() => go("").catch(fail));
    return box;
  }

  function pick(name) {
    open = name;
    keepAddress("datasets", name);
    return load();
  }

  function show() {
    const one = found.datasets.find((row) => row.name === open);
    if (!one) return detail.replaceChildren();
    const findings = el("div", { id: "findings", role: "status" }, el("p", { class: "soft" }, "Not checked since the studio was started."));
    const check = action("Check", "k", async () => { await post(`${url("datasets", one.name, "check")}/start`); await watch(one.name, findings, check); });
    const prepare = action("Prepare", "g", () => startJob("dataset", one.name), { "data-start": one.name, disabled: busy() || !one.used || !one.there });
    const place = el("div", {});
    const move = action("Choose root", "o", () => { place.replaceChildren(picker(one.name, one.there ? one.root : "")); });
    const counts = one.clips ? table(["subject", ...one.emotions, "all"], Object.entries(one.subjects).map(([subject, row]) => [
      subject, ...one.emotions.map((name) => row[name] || 0), Object.values(row).reduce((a, b) => a + b, 0)]), { class: "wide" })
      : el("p", { class: "soft" }, one.fault || "Its clips are listed once the workflow has read it: Prepare.");
    detail.replaceChildren(
      el("div", { class: "card" }, el("div", { class: "row" }, el("h2", {}, one.name), check, prepare, move),
        place,
        el("p", { class: "soft" }, one.used ? "Prepare aligns, crops, magnifies and interpolates every subject for the experiments that use it."
          : "No experiment of the config uses this dataset."), el("h2", {}, "What check finds"), findings),
      el("div", { class: "card scroll" }, el("h2", {}, "Clips by subject and emotion"), el("div", { class: "tall", tabindex: 0 }, counts)));
    watch(one.name, findings, check).catch(fail);
  }

  async function watch(name, place, button) {
    for (;;) {
      const state = await get(url("datasets", name, "check"));
      if (gone || open !== name || !place.isConnected) return;
      button.disabled = state.state === "running";
      if (state.state === "running") place.replaceChildren(el("p", {}, `looking at every file… ${Math.round(state.seconds)} s`));
      else if (state.state === "failed") { place.replaceChildren(el("p", { class: "bad" }, "the check failed")); throw new Error(state.found); }
      else { if (state.state === "done") place.replaceChildren(...findingsOf(state.facts)); return; }
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
  }

  await load();
  if (!view.isConnected) { output.leave(); return undefined; }
  let was = busy(), done = 0;
  const leave = onJob((state) => {
    for (const button of detail.querySelectorAll("[data-start]")) {
      const one = found.datasets.find((row) => row.name === button.dataset.start);
      button.disabled = busy() || !one?.used || !one?.there;
    }
    if (was !== busy() || (busy() && state.done !== done)) {
      was = busy();
      done = state.done;
      load().catch(fail);
    }
  });
  return () => { gone = true; leave(); output.leave(); };
}

function findingsOf(facts) {
  const schemes = Object.entries(facts.schemes || {}).map(([name, classes]) =>
    [name, Object.entries(classes).map(([label, count]) => `${label} ${count}`).join(", ")]);
  const words = [`${facts.clips} clips of ${facts.subjects} subjects`];
  if (facts.fps?.length) words.push(`${facts.fps.join(", ")} Hz`);
  if (facts.frames?.total) words.push(`${facts.frames.fewest} to ${facts.frames.most} frames, median ${facts.frames.median}`);
  if (facts.sizes) words.push(Object.entries(facts.sizes).slice(0, 3).map(([size, n]) => `${size}: ${n}`).join(", "));
  const problems = facts.problems.map((one) => el("li", { class: one.severity === "error" ? "bad" : "" },
    `${one.severity}: ${one.where}: ${one.found}${one.fix ? `. To do: ${one.fix}` : ""}`));
  return [el("p", {}, words.join(" · ")),
    schemes.length ? table(["scheme", "clips by class"], schemes, { class: "wide" }) : "",
    problems.length ? el("ul", {}, problems) : el("p", { class: "good" }, "No errors, no warnings.")];
}
