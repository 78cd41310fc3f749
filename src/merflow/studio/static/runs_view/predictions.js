// Tables of a run's predictions: correct ones by subject, and every wrong one.

import { addressOf } from "../shared/address.js";
import { el, fixed, table } from "../shared/elements.js";

export function subjectsCard(facts) {
  const rows = facts.subjects.map((row) => [row.dataset, row.subject, row.clips, `${row.right}`,
    ...facts.classes.map((name) => (row.by_class[name] ? `${row.by_class[name][0]} of ${row.by_class[name][1]}` : ""))]);
  return card("subjects", "Correct predictions by subject", ["dataset", "subject", "clips", "correct", ...facts.classes], rows);
}

export function wrongCard(facts) {
  const rows = facts.wrong.map((row) => {
    const link = el("a", { href: addressOf("clips", ...row.key) }, row.key.join("/"));
    return [link, row.truth, row.predicted, fixed(row.p, 2), fixed(row.p_truth, 2)];
  });
  return card("wrong", `Wrong predictions (${rows.length}), highest probability first`,
    ["clip", "truth", "prediction", "p prediction", "p truth"], rows);
}

function card(id, title, head, rows) {
  return el("div", { class: "card scroll", id }, el("h2", {}, title),
    el("div", { class: "tall", tabindex: 0 }, table(head, rows, { class: "wide" })));
}
