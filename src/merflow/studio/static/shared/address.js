// The address of the page: view and selection, after the #.

let opened = "";

// The address that the present view was opened with.
export function openedWith(hash) { opened = hash; }

export const addressOf = (...parts) => `#${parts.map(encodeURIComponent).join("/")}`;

// Write what a view shows into the address, unless the user has just chosen another view: the
// browser reports that only after the address has changed.
export function setAddress(...parts) {
  if (location.hash !== opened) return;
  opened = addressOf(...parts);
  history.replaceState(null, "", opened);
}
