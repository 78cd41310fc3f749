// The choice of a dataset's root: any folder that may be browsed.

import { post, url } from "../shared/api.js";
import { showVersions } from "../shared/banner.js";
import { pickFolder } from "../shared/folder_picker.js";
import { project } from "../shared/project.js";

// before: the root as this page shows it, null for none; start: folder that is shown first;
// chosen: called after the root was saved
export function pickRoot(name, before, start, chosen) {
  async function save(root, seen) {
    try {
      await post(`${url("datasets", name)}/root`, { root, before: seen });
    } catch (error) {
      if (!error.versions) throw error;
      const { file, page } = error.versions;
      return showVersions(`root of ${name}`, [["root", file ?? "none", page]], chosen, () => save(root, file));
    }
    return chosen();
  }
  pickFolder(`Root of ${name}`, { start: start || project().folder, choose: (at) => save(at, before) });
}
