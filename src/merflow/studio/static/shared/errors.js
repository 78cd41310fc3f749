// Errors of event handlers and background work; whoever called onError shows them.

let show = () => {};

export function onError(handler) { show = handler; }

export function fail(error) {
  if (error.name !== "AbortError") show(error);
}

// The lines of an error (found, expected, to do) as sentences, for a place that has no lines.
export function sentences(text) {
  return text.split("\n").map((line) => line.trim()).map((line) => line[0].toUpperCase() + line.slice(1)).join(". ").concat(".");
}

export function guarded(run) {
  return async (event) => {
    try { await run(event); } catch (error) { fail(error); }
  };
}
