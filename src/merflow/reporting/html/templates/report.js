"use strict";
// The page is whole without this: it only sorts tables and folds parts.
(() => {
  const value = (row, place) => {
    const cell = row.cells[place];
    const by = cell.dataset.v;
    return by === undefined ? cell.textContent.trim() : by === "" ? null : Number(by);
  };
  const text = new Intl.Collator("en", { numeric: true });

  const sort = (head) => {
    const place = head.cellIndex;
    const table = head.closest("table");
    const now = head.getAttribute("aria-sort");
    // Numbers start with the largest, text in alphabetical order.
    const first = head.classList.contains("n") ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const way = now === first ? other : first;
    const sign = way === "ascending" ? 1 : -1;
    const rows = [...table.tBodies[0].rows].map((row) => [row, value(row, place)]);
    rows.sort(([, a], [, b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return sign * (typeof a === "number" && typeof b === "number" ? a - b : text.compare(a, b));
    });
    table.tBodies[0].append(...rows.map(([row]) => row));
    for (const th of table.tHead.rows[0].cells) {
      if (th.hasAttribute("aria-sort")) th.setAttribute("aria-sort", th === head ? way : "none");
    }
  };
  for (const head of document.querySelectorAll("th[aria-sort]")) {
    head.querySelector("button").addEventListener("click", () => sort(head));
  }

  const parts = [...document.querySelectorAll("details")];
  for (const button of document.querySelectorAll("[data-fold]")) {
    button.addEventListener("click", () => {
      const section = button.closest("section");
      for (const part of section.querySelectorAll("details")) {
        part.open = button.dataset.fold === "open";
      }
    });
  }
  // Paper cannot be unfolded: all parts are open while printing, and then as they were.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = parts.filter((part) => !part.open);
    for (const part of folded) part.open = true;
  });
  addEventListener("afterprint", () => {
    for (const part of folded) part.open = false;
  });
})();
