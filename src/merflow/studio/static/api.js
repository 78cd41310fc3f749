// Talks to the server on this machine. The token comes with the address, behind the #, which
// browsers send nowhere; it is kept for this tab, so that a reload works.

const KEY = "merflow-token";

export function takeToken() {
  const found = /^#token=([\w-]+)$/.exec(location.hash);
  if (found) {
    sessionStorage.setItem(KEY, found[1]);
    history.replaceState(null, "", location.pathname);
  }
}

export class Failure extends Error {
  constructor(status, parts) {
    const lines = [`${parts.where || "merflow studio"}: ${parts.found || "failed"}`];
    if (parts.expected) lines.push(`  expected: ${parts.expected}`);
    if (parts.fix) lines.push(`  to do: ${parts.fix}`);
    super(lines.join("\n"));
    this.status = status;
  }
}

async function ask(path, options = {}) {
  const headers = { "x-merflow-token": sessionStorage.getItem(KEY) || "", ...options.headers };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, {
      where: "merflow studio", found: "the server does not answer",
      fix: "start `merflow studio` again and open the address it prints",
    });
  }
  if (!answer.ok) {
    let parts = {};
    try { parts = await answer.json(); } catch { parts = { found: `HTTP ${answer.status}` }; }
    throw new Failure(answer.status, parts);
  }
  return answer;
}

export const get = async (path, signal) => (await ask(path, { signal })).json();
export const picture = async (path, signal) => {
  const blob = await (await ask(path, { signal })).blob();
  return createImageBitmap(blob, { colorSpaceConversion: "none" });
};
export const post = async (path, body = {}) => (await ask(path, {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
})).json();
export const send = async (path, body, kind) => (await ask(path, {
  method: "POST", headers: { "content-type": kind }, body,
})).json();
export const url = (...parts) => "/api/" + parts.map(encodeURIComponent).join("/");
