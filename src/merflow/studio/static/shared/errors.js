// Errors of event handlers and background work; whoever called onError shows them.

// ofAction: the error shown last is of an action of the user, and not of a view or background work.
let show = () => {}, clear = () => {}, shown = 0, ofAction = false;

// handler(error) shows an error; clearing(event) removes that of an action once a later one succeeds.
export function onError(handler, clearing) { [show, clear] = [handler, clearing]; }

export function fail(error) {
  if (error.name === "AbortError") return;
  shown++;
  ofAction = false;
  show(error);
}

// The lines of an error (found, expected, to do) as sentences, for a place that has no lines.
export function sentences(text) {
  return text.split("\n").map((line) => line.trim()).map((line) => line[0].toUpperCase() + line.slice(1)).join(". ").concat(".");
}

export function guarded(run) {
  return async (event) => {
    const before = shown;
    try {
      await run(event);
      if (ofAction && shown === before) clear(event);
    } catch (error) {
      fail(error);
      ofAction = true;
    }
  };
}
