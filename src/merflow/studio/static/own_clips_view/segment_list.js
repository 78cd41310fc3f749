// Segments of one recording, from and to the rows of the table.

// Segments of the rows with this path; a row without onset and offset is the whole recording, no segment.
export function segmentsOf(rows, path) {
  const number = (row, field) => { const text = rows.cell(row, field); return /^\d+$/.test(text) ? +text : null; };
  return rows.rows.filter((row) => rows.cell(row, "path") === path && (number(row, "onset") !== null || number(row, "offset") !== null))
    .map((row) => ({ row, onset: number(row, "onset") ?? 0, apex: number(row, "apex"), offset: number(row, "offset"),
      emotion: rows.cell(row, "emotion"), action_units: rows.cell(row, "action_units"), clip: rows.cell(row, "clip"), subject: rows.cell(row, "subject") }));
}

// The subject that the other rows of the recording have, else that of its whole row.
export const subjectOf = (rows, path) => rows.rows.map((row) => (rows.cell(row, "path") === path ? rows.cell(row, "subject") : "")).find(Boolean) || "";

const FIELDS = ["onset", "apex", "offset", "emotion", "action_units", "clip", "subject"];
const textOf = (value) => (value === null || value === undefined ? "" : String(value));

// Put segments into the table in place of the rows of the recording, as one step of undo. Rows that
// stay keep their other cells. Without segments the recording keeps one row for the whole of it.
export function putSegments(rows, path, segments) {
  for (const name of [...FIELDS, "path"]) rows.column(name);
  const before = rows.rows.filter((row) => rows.cell(row, "path") === path);
  const same = JSON.stringify(segmentsOf(rows, path).map(plain)) === JSON.stringify(segments.map(plain));
  if (same && (segments.length || before.length)) return;
  const made = segments.map((one) => {
    const row = one.row && rows.rows.includes(one.row) ? [...one.row] : rows.header.map(() => "");
    for (const name of FIELDS) row[rows.fields[name]] = textOf(one[name]);
    row[rows.fields.path] = path;
    return row;
  });
  if (!made.length) {
    const row = before[0] ? [...before[0]] : rows.header.map(() => "");
    for (const name of ["onset", "apex", "offset", "action_units"]) row[rows.fields[name]] = "";
    row[rows.fields.path] = path;
    if (!row[rows.fields.clip]) row[rows.fields.clip] = path.replace(/^.*\//, "").replace(/\.\w+$/, "");
    made.push(row);
  }
  const at = before.length ? rows.rows.indexOf(before[0]) : rows.rows.length;
  const others = rows.rows.filter((row) => rows.cell(row, "path") !== path);
  const place = rows.rows.slice(0, at).filter((row) => rows.cell(row, "path") !== path).length;
  for (const row of made) if (before.length === 0 || rows.fresh.has(before[0])) rows.fresh.add(row);
  rows.replace([...others.slice(0, place), ...made, ...others.slice(place)], "cut");
}

export const plain = ({ onset, apex, offset, emotion, action_units, clip, subject }) => ({ onset, apex, offset, emotion, action_units, clip, subject });

// A name that no other segment has, by the recording and the frame of the onset.
export function nameFor(path, onset, segments) {
  const base = `${path.replace(/^.*\//, "").replace(/\.\w+$/, "").replace(/[^\p{L}\p{N}_-]+/gu, "_")}_${String(onset).padStart(5, "0")}`;
  const used = new Set(segments.map((one) => one.clip));
  let name = base;
  for (let n = 2; used.has(name); n += 1) name = `${base}_${n}`;
  return name;
}
