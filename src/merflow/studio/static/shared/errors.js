// Errors of event handlers and background work; whoever called onError shows them.

let show = () => {};

export function onError(handler) { show = handler; }

export function fail(error) {
  if (error.name !== "AbortError") show(error);
}

export function guarded(run) {
  return async (event) => {
    try { await run(event); } catch (error) { fail(error); }
  };
}
