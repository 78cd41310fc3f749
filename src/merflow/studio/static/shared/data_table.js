// A table that can be sorted by any column and saved as CSV.

import { action, el } from "./elements.js";
import { saveCsv } from "./download.js";
import { icon } from "./icons.js";

// columns: [{ name, value(row), show(row), num, hidden }]. value: what is sorted and saved; show: what
// is seen (text or element), value if missing; hidden: saved only. Options: sort: name of a column, "-name" for descending;
// file: name of the CSV; rowClass(row).
// Returns { root, button (saves the CSV) }.
export function dataTable(columns, rows, { sort = "", file = "table", rowClass = () => null, ...attributes } = {}) {
  const named = (name) => columns.find((column) => column.name === name);
  let by = named(sort.replace(/^-/, "")), down = sort.startsWith("-");
  const body = el("tbody");
  const visible = columns.filter((column) => !column.hidden);
  const heads = visible.map((column) => el("th", { scope: "col", class: column.num ? "num" : null },
    el("button", { type: "button", class: "sort", onclick: () => {
      down = by === column ? !down : !!column.num;
      by = column;
      draw();
    } }, column.name, icon("up"))));

  const sorted = () => (by ? [...rows].sort((a, b) => (down ? -1 : 1) * compare(by.value(a), by.value(b))) : rows);

  function draw() {
    visible.forEach((column, i) => {
      if (column === by) heads[i].setAttribute("aria-sort", down ? "descending" : "ascending");
      else heads[i].removeAttribute("aria-sort");
    });
    body.replaceChildren(...sorted().map((row) => el("tr", { class: rowClass(row) }, visible.map((column) =>
      el("td", { class: column.num ? "num" : null }, (column.show || column.value)(row) ?? "–")))));
  }

  draw();
  const save = () => saveCsv(file, columns.map((column) => column.name), sorted().map((row) => columns.map((column) => column.value(row))));
  const button = action("CSV", "", save, { icon: "download", kind: "ghost", class: "small", "aria-label": `Save ${file} as CSV` });
  return { root: el("table", { class: "wide", ...attributes }, el("thead", {}, el("tr", {}, heads)), body), button };
}

// Empty values last; numbers by size, texts as people sort them.
function compare(a, b) {
  if (a == null || b == null) return (a == null) - (b == null);
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
}
