// The table of clips on the page: cells that are edited in place, selection, pages of 200 rows.

import { badge } from "../shared/components.js";
import { action, el, plural } from "../shared/elements.js";
import { icon } from "../shared/icons.js";
import { VIDEOS } from "../shared/upload.js";

const PAGE = 200;
const FIRST = ["subject", "emotion", "clip", "path", "onset", "apex", "offset", "action_units", "fps"];
const LISTS = { emotion: "known-emotions", subject: "known-subjects" };
const isVideo = (path) => VIDEOS.some((suffix) => path.toLowerCase().endsWith(suffix));

// rows: ClipRows; cut(path): opens a recording to cut; selected(rows): called when the selection changes.
// Returns { root, draw(), setFaults(faults), selection(), focusCell(row, column) }.
export function clipTable(rows, { cut, selected }) {
  const chosen = new Set();
  let view = [], page = 0, order = null, text = "", only = "", last = null;
  let faults = new Map(), faultyColumns = new Set();
  // What is drawn: its columns, the rows of the table then, and what brings a cell up to date.
  let drawn = { columns: "", rows: [], updates: [] };
  const head = el("thead"), body = el("tbody");
  const count = el("span", { class: "soft small", role: "status", id: "rows-shown" });
  const pages = el("span", { class: "row" });
  const search = el("input", { type: "search", placeholder: "Filter", "aria-label": "Filter clips", id: "filter-clips", oninput: () => { text = search.value; page = 0; draw(); } });
  const kinds = el("select", { "aria-label": "Rows shown", id: "kinds", onchange: () => { only = kinds.value; page = 0; draw(); } });
  const data = el("div", { hidden: true });
  const table = el("table", { class: "wide clip-table" }, el("caption", { class: "hide" }, "Clips with subject and class; cells can be edited"), head, body);
  const root = el("div", { class: "stack" }, el("div", { class: "row apart" }, el("div", { class: "row" }, search, kinds, count), pages), el("div", { class: "scroll sheet" }, table), data);

  // Columns in the order shown: the usual ones, then the others; empty ones that are rarely used are left out.
  function columns() {
    const used = (at) => rows.rows.some((row) => row[at]);
    const usual = FIRST.filter((field) => rows.fields[field] !== undefined).map((field) => rows.fields[field]);
    const needed = new Set(["subject", "emotion", "clip", "path"].map((field) => rows.fields[field]));
    const others = rows.header.map((_, at) => at).filter((at) => !usual.includes(at) && at !== rows.fields.dataset);
    return [...usual.filter((at) => needed.has(at) || used(at) || faultyColumns.has(at)), ...others];
  }

  function draw() {
    view = rows.shown({ text, only, order, faulty: faults });
    for (const row of chosen) if (!rows.rows.includes(row)) chosen.delete(row);
    const last = Math.max(0, Math.ceil(view.length / PAGE) - 1);
    page = Math.min(page, last);
    drawKinds();
    drawLists();
    drawHead();
    drawn = { columns: columns().join(), rows: rows.rows, updates: [] };
    body.replaceChildren(...view.slice(page * PAGE, (page + 1) * PAGE).map(rowOf));
    count.textContent = view.length === rows.rows.length ? plural(rows.rows.length, "clip") : `${view.length} of ${plural(rows.rows.length, "clip")}`;
    const turn = (label, to, shape) => action(label, "", () => { page = to; draw(); }, { icon: shape, iconOnly: true, disabled: to < 0 || to > last, class: "small" });
    pages.replaceChildren(...(last ? [turn("Previous page", page - 1, "back"), el("span", { class: "num small" }, `page ${page + 1} of ${last + 1}`), turn("Next page", page + 1, "forward")] : []));
  }

  function drawKinds() {
    const faulty = faults.size;
    const options = [["", "all rows"], ["faults", `with faults (${faulty})`], ["new", `new (${rows.fresh.size})`], ["gone", `not found (${rows.gone.size})`]]
      .filter(([kind]) => !kind || kind === only || (kind === "faults" && faulty) || (kind === "new" && rows.fresh.size) || (kind === "gone" && rows.gone.size));
    kinds.replaceChildren(...options.map(([value, name]) => el("option", { value, selected: value === only }, name)));
  }

  function drawLists() {
    const lists = Object.entries(LISTS).map(([field, id]) => el("datalist", { id }, rows.values(field).slice(0, 100).map(([value]) => el("option", { value }))));
    data.replaceChildren(...lists);
  }

  function drawHead() {
    const shown = columns();
    const all = view.length && view.every((row) => chosen.has(row));
    const every = el("input", { type: "checkbox", "aria-label": "Select all rows shown", checked: !!all, onchange: () => {
      for (const row of view) if (every.checked) chosen.add(row); else chosen.delete(row);
      draw();
      selected([...chosen]);
    } });
    head.replaceChildren(el("tr", {}, el("th", { scope: "col" }, every), shown.map((at) => {
      const mine = order && order[0] === at;
      return el("th", { scope: "col", "aria-sort": mine ? (order[1] > 0 ? "ascending" : "descending") : null },
        el("button", { type: "button", class: "sort", onclick: () => { order = mine && order[1] > 0 ? [at, -1] : mine ? null : [at, 1]; draw(); } },
          at === rows.fields.emotion ? "class (emotion)" : rows.header[at], icon("up")));
    }), el("td", {})));
  }

  function rowOf(row) {
    const number = rows.rows.indexOf(row) + 1;
    const box = el("input", { type: "checkbox", "aria-label": `Select row ${number}`, checked: chosen.has(row), onclick: (event) => select(row, box.checked, event.shiftKey) });
    const path = rows.cell(row, "path");
    const badges = [rows.fresh.has(row) ? badge("new", "info") : null, rows.gone.has(row) ? badge("not found", "warn") : null];
    return el("tr", { class: chosen.has(row) ? "open" : null }, el("td", {}, box), columns().map((at) => cellOf(row, at, number)),
      el("td", {}, el("div", { class: "row tight" }, badges, isVideo(path) ? action("Cut", "", () => cut(path), { class: "small ghost", "aria-label": `Cut clips out of ${path}` }) : null)));
  }

  function cellOf(row, at, number) {
    const field = Object.keys(rows.fields).find((name) => rows.fields[name] === at);
    const message = el("span", { class: "fault", hidden: true });
    const isPath = at === rows.fields.path;
    const numeric = ["onset", "apex", "offset", "fps"].includes(field);
    const inner = isPath ? el("bdi", {}, row[at]) : el("input", { type: "text", class: numeric ? "num" : null, "aria-label": `${rows.header[at]}, row ${number}`,
      spellcheck: "false", autocomplete: "off", list: LISTS[field] || null, size: numeric ? 5 : 12, "data-column": at, "data-row": number,
      onchange: () => rows.set([row], at, inner.value.trim()) });
    const cell = el("td", { class: isPath ? "path-cell" : null, title: isPath ? row[at] : null }, inner, message);
    const update = () => {
      const fault = (faults.get(row) || []).find((one) => one.column === at);
      message.hidden = !fault;
      message.textContent = fault ? fault.found : "";
      cell.className = [isPath ? "path-cell" : "", fault ? `faulty ${fault.severity}` : ""].join(" ").trim();
      if (isPath) return;
      // What is being typed stays.
      if (document.activeElement !== inner || inner.value.trim() === inner.dataset.was) inner.value = row[at];
      inner.dataset.was = row[at];
      if (fault?.severity === "error") inner.setAttribute("aria-invalid", "true"); else inner.removeAttribute("aria-invalid");
      inner.title = fault ? `${fault.found}. To do: ${fault.fix}` : "";
    };
    update();
    drawn.updates.push(update);
    return cell;
  }

  // Enter and the arrow keys move between the cells of a column, as in a spreadsheet.
  body.addEventListener("keydown", (event) => {
    const column = event.target.dataset.column;
    const by = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (column === undefined || !by || (event.key !== "Enter" && event.target.list)) return;
    event.preventDefault();
    const line = event.target.closest("tr"), at = [...body.children].indexOf(line) + by;
    event.target.dispatchEvent(new Event("change"));
    const next = body.children[at]?.querySelector(`[data-column="${column}"]`);
    next?.focus();
    next?.select();
  });

  function select(row, on, range) {
    const at = view.indexOf(row), from = range && last ? view.indexOf(last) : at;
    for (const one of view.slice(Math.min(at, from), Math.max(at, from) + 1)) if (on) chosen.add(one); else chosen.delete(one);
    last = row;
    draw();
    selected([...chosen]);
    body.querySelector(`[aria-label="Select row ${rows.rows.indexOf(row) + 1}"]`)?.focus();
  }

  // found: [{ row, column, severity, found, fix }] with positions in the table
  function setFaults(found) {
    faults = new Map();
    faultyColumns = new Set(found.map((one) => one.column));
    for (const one of found) {
      const row = rows.rows[one.row];
      if (!row) continue;
      faults.set(row, [...(faults.get(row) || []), one]);
    }
    redraw();
  }

  // Bring the cells up to date. The rows and their order stay as they are while cells are edited, so
  // that the focus and the eye keep their place.
  function redraw() {
    if (columns().join() !== drawn.columns || rows.rows !== drawn.rows) return redrawAll();
    for (const update of drawn.updates) update();
    drawKinds();
    return drawLists();
  }

  // Draw everything again and keep the focus in its cell.
  function redrawAll() {
    const { column, row } = document.activeElement?.dataset || {};
    draw();
    if (column !== undefined) body.querySelector(`[data-column="${column}"][data-row="${row}"]`)?.focus();
  }

  function focusCell(number, column) {
    const row = rows.rows[number];
    if (!view.includes(row)) { text = search.value = ""; only = ""; draw(); }
    page = Math.floor(view.indexOf(row) / PAGE);
    draw();
    const cell = body.querySelector(`[data-column="${column}"][data-row="${number + 1}"]`);
    (cell || body.querySelector(`[aria-label="Select row ${number + 1}"]`))?.focus();
    cell?.scrollIntoView({ block: "center" });
  }

  return { root, draw: redraw, setFaults, focusCell, selection: () => [...chosen], clear: () => { chosen.clear(); draw(); selected([]); } };
}
