// The session token. It comes in the address after the #, which browsers never send; it is kept for
// this tab, so that a reload works.

const KEY = "merflow-token";

export function takeToken() {
  const found = /^#token=([\w-]+)$/.exec(location.hash);
  if (found) {
    sessionStorage.setItem(KEY, found[1]);
    history.replaceState(null, "", location.pathname);
  }
}

export const token = () => sessionStorage.getItem(KEY) || "";
