// The check of a dataset (`merflow check`): its start, and its findings.

import { get, post, url } from "../shared/api.js";
import { action, el, plural, table } from "../shared/elements.js";
import { fail } from "../shared/errors.js";

// closed: whether the dataset is no longer shown
export function checkCard(name, closed) {
  const findings = el("div", { id: "findings", role: "status" }, el("p", { class: "soft" }, "Not checked since the studio was started."));
  const button = action("Check", "k", async () => {
    await post(`${url("datasets", name, "check")}/start`);
    await watch();
  });

  async function watch() {
    for (;;) {
      const state = await get(url("datasets", name, "check"));
      if (closed() || !findings.isConnected) return;
      button.disabled = state.state === "running";
      if (state.state === "failed") {
        findings.replaceChildren(el("p", { class: "bad" }, "the check failed"));
        throw new Error(state.found);
      }
      if (state.state === "done") findings.replaceChildren(...findingsOf(state.facts));
      if (state.state !== "running") return;
      findings.replaceChildren(el("p", {}, `checking every file… ${Math.round(state.seconds)} s`));
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
  }

  watch().catch(fail);
  return { button, findings };
}

const counts = (clips) => Object.entries(clips).map(([label, count]) => `${label} ${count}`).join(", ");

function findingsOf(facts) {
  const { fps, frames, sizes, problems } = facts;
  const summary = [`${plural(facts.clips, "clip")} of ${plural(facts.subjects, "subject")}`];
  if (fps?.length) summary.push(`${fps.join(", ")} Hz`);
  if (frames?.total) summary.push(`${frames.fewest} to ${frames.most} frames, median ${frames.median}`);
  if (sizes && Object.keys(sizes).length) summary.push(Object.entries(sizes).slice(0, 3).map(([size, n]) => `${size}: ${n}`).join(", "));
  const schemes = Object.entries(facts.schemes || {}).map(([name, classes]) =>
    [name, counts(classes), el("div", {}, Object.entries(facts.dropped?.[name] || {}).map(([reason, count]) => el("div", {}, `${count}: ${reason}`)))]);
  const lines = problems.map((one) => el("li", { class: one.severity === "error" ? "bad" : "" },
    `${one.severity}: ${one.where}: ${one.found}${one.fix ? `. To do: ${one.fix}` : ""}`));
  return [el("p", {}, summary.join(" · ")),
    Object.keys(facts.labels || {}).length ? el("p", {}, `In the table: ${counts(facts.labels)}`) : "",
    schemes.length ? table(["scheme", "clips by class", "left out"], schemes, { class: "wide" }) : "",
    problems.length ? el("ul", {}, lines) : el("p", { class: "good" }, "No errors, no warnings.")];
}
