// The table of clips in memory: cells, undo and redo, filter, order. It draws nothing.

export class ClipRows {
  // loaded: { header, rows, fields, new, gone } as the server sends it
  constructor(loaded) {
    this.header = [...loaded.header];
    this.fields = { ...loaded.fields };
    this.titles = loaded.titles;
    this.rows = loaded.rows.map((row) => [...row]);
    this.fresh = new Set(loaded.new.map((i) => this.rows[i]));
    this.gone = new Set(loaded.gone.map((i) => this.rows[i]));
    this.saved = this.text();
    this.past = [];
    this.future = [];
    this.changed = () => {};
  }

  text() { return JSON.stringify([this.header, this.rows]); }
  get dirty() { return this.text() !== this.saved; }
  cell(row, field) { return this.fields[field] === undefined ? "" : row[this.fields[field]]; }

  // The column of a field; a field that the table lacks gets a column at the end.
  column(field) {
    if (this.fields[field] === undefined) {
      this.fields[field] = this.header.length;
      this.header.push(this.titles[field] || field);
      for (const row of this.everyRow()) row.push("");
    }
    return this.fields[field];
  }

  // The rows of the table, and those that undo and redo bring back.
  everyRow() {
    return new Set([this.rows, ...[...this.past, ...this.future].flatMap((step) => (step.after ? [step.before, step.after] : []))].flat());
  }

  // Replace the list of rows, as one step of undo; rows that stay are the same objects.
  replace(rows, name) {
    this.done({ name, before: this.rows, after: rows });
    this.rows = rows;
    this.changed();
  }

  done(step) {
    this.past.push(step);
    if (this.past.length > 200) this.past.shift();
    this.future = [];
  }

  // Set one column of some rows; `rows` are rows of the table.
  set(rows, column, value, name = `set ${this.header[column]}`) {
    const chosen = new Set(rows.filter((row) => row[column] !== value));
    if (!chosen.size) return;
    this.edit([...chosen].map((row) => [row, column, value]), name);
  }

  // changes: [[row, column, value]], one step of undo.
  edit(changes, name) {
    const step = { name, cells: changes.map(([row, column, value]) => [row, column, row[column], value]) };
    for (const [row, column, , value] of step.cells) row[column] = value;
    this.done(step);
    this.changed();
  }

  undo() { this.step(this.past, this.future, 2); }
  redo() { this.step(this.future, this.past, 3); }

  step(from, to, at) {
    const one = from.pop();
    if (!one) return;
    if (one.after) this.rows = at === 2 ? one.before : one.after;
    else for (const cell of one.cells) cell[0][cell[1]] = cell[at];
    to.push(one);
    this.changed();
  }

  remove(rows) {
    const gone = new Set(rows);
    this.replace(this.rows.filter((row) => !gone.has(row)), `remove ${rows.length} rows`);
  }

  // Exchange the cells of two fields in some rows.
  swap(rows, one, two) {
    const [a, b] = [this.column(one), this.column(two)];
    this.edit(rows.flatMap((row) => [[row, a, row[b]], [row, b, row[a]]]), `swap ${this.header[a]} and ${this.header[b]}`);
  }

  // Rows that contain a text, of one kind, in an order. order: [column, 1 or -1] or null.
  shown({ text = "", only = "", faulty = new Map(), order = null }) {
    const wanted = text.trim().toLowerCase();
    const fits = { new: (row) => this.fresh.has(row), gone: (row) => this.gone.has(row), faults: (row) => faulty.has(row) }[only] || (() => true);
    const found = this.rows.filter((row) => fits(row) && (!wanted || row.some((cell) => cell.toLowerCase().includes(wanted))));
    if (!order) return found;
    const [column, way] = order;
    return found.sort((a, b) => way * (!a[column] - !b[column] || a[column].localeCompare(b[column], undefined, { numeric: true })));
  }

  // Each value of a column with its count, most frequent first.
  values(field) {
    const counts = new Map();
    for (const row of this.rows) {
      const value = this.cell(row, field);
      if (value) counts.set(value, (counts.get(value) || 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1]);
  }
}
