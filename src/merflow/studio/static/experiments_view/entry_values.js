// The values of an entry as the form holds them: only keys that the file has, by path.

export const copyOf = (value) => JSON.parse(JSON.stringify(value ?? null));
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
export const sameEntry = (a, b) => same(sorted(a ?? null), sorted(b ?? null));

// The order of keys makes no difference.
function sorted(value) {
  if (Array.isArray(value) || value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

export function valueAt(values, path) {
  return path.split(".").reduce((found, part) => (found && typeof found === "object" ? found[part] : undefined), values);
}

// Set a value, or remove it with undefined; sections that become empty are removed.
export function setAt(values, path, value) {
  const [part, ...rest] = path.split(".");
  if (!rest.length) {
    if (value === undefined) delete values[part]; else values[part] = value;
    return;
  }
  const inner = values[part] && typeof values[part] === "object" && !Array.isArray(values[part]) ? values[part] : {};
  setAt(inner, rest.join("."), value);
  if (Object.keys(inner).length) values[part] = inner; else delete values[part];
}

// Whether a field has an effect with these values; when: path -> values under which it has.
export function applies(field, values, fields) {
  return Object.entries(field.when).every(([path, wanted]) => {
    const other = fields.find((one) => one.path === path);
    return wanted.includes(valueAt(values, path) ?? other?.default);
  });
}

// A name that no entry has yet.
export function freeName(base, known) {
  if (!known.includes(base)) return base;
  for (let number = 2; ; number += 1) if (!known.includes(`${base}-${number}`)) return `${base}-${number}`;
}

// What a text means in the config: a number where it is one.
export function parsed(text) {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : trimmed;
}

export function parsedList(text) {
  const found = text.replace(/^\s*\[|\]\s*$/g, "").split(",").map(parsed).filter((one) => one !== undefined);
  return found.length || /\[\s*\]/.test(text) ? found : undefined;
}

export const shown = (value) => {
  if (value == null) return "";
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
};
