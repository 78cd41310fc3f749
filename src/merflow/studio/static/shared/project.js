// The project that is open: asked once when the page loads. Opening another one loads the page again.

let opened = { open: false, id: "", name: "", folder: "", home: "" };

export const project = () => opened;
export function setProject(state) { opened = state; }

// Load the page again, for the project that the server has opened.
export function reloadAt(view) {
  history.replaceState(null, "", `#${view}`);
  location.reload();
}
