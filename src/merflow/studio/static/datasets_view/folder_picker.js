// The choice of a dataset's root: folders of the project, one level at a time.

import { get, post, url } from "../shared/api.js";
import { action, el } from "../shared/elements.js";
import { fail, guarded } from "../shared/errors.js";

// start: folder that is shown first; chosen: called after the root was saved
export function folderPicker(name, start, chosen) {
  const box = el("div", { class: "stack", id: "picker" });
  async function go(at) {
    const { folders, more } = await get(`/api/folders?${new URLSearchParams({ at })}`);
    const up = at.split("/").slice(0, -1).join("/");
    const note = more ? `and ${more} more` : folders.length ? "" : "no folder in it";
    box.replaceChildren(el("div", { class: "row" }, el("strong", { id: "picked" }, at || "(the project's folder)"),
      action("Up", "u", () => go(up), { disabled: !at }),
      action("Use this folder", "h", async () => {
        await post(`${url("datasets", name)}/root`, { root: at });
        await chosen();
      }, { disabled: !at })),
    el("div", { class: "tags tall" }, folders.map((one) => el("button", { type: "button",
      onclick: guarded(() => go(at ? `${at}/${one}` : one)) }, one)), note ? el("span", { class: "soft" }, note) : ""));
  }
  go(start).catch(() => go("").catch(fail));
  return box;
}
