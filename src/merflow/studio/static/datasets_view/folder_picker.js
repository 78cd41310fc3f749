// The choice of a dataset's root: folders of the project, one level at a time.

import { get, post, url } from "../shared/api.js";
import { showVersions } from "../shared/banner.js";
import { action, el } from "../shared/elements.js";
import { fail, guarded } from "../shared/errors.js";

// before: the root as this page shows it, null for none; start: folder that is shown first;
// chosen: called after the root was saved
export function folderPicker(name, before, start, chosen) {
  const box = el("div", { class: "stack", id: "picker" });

  async function save(root, seen) {
    try {
      await post(`${url("datasets", name)}/root`, { root, before: seen });
    } catch (error) {
      if (!error.versions) throw error;
      const { file, page } = error.versions;
      return showVersions(`root of ${name}`, [["root", file ?? "none", page]], chosen, () => save(page, file));
    }
    return chosen();
  }

  async function go(at) {
    const { folders, more } = await get(`/api/folders?${new URLSearchParams({ at })}`);
    const up = at.split("/").slice(0, -1).join("/");
    const note = more ? `and ${more} more` : folders.length ? "" : "no folder in it";
    box.replaceChildren(el("div", { class: "row" }, el("strong", { id: "picked" }, at || "(the project's folder)"),
      action("Up", "u", () => go(up), { disabled: !at }),
      action("Use this folder", "h", () => save(at, before), { disabled: !at })),
    el("div", { class: "tags tall" }, folders.map((one) => el("button", { type: "button",
      onclick: guarded(() => go(at ? `${at}/${one}` : one)) }, one)), note ? el("span", { class: "soft" }, note) : ""));
  }
  go(start).catch(() => go("").catch(fail));
  return box;
}
