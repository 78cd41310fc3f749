// Requests to the server on this machine, with the session token.

import { project } from "./project.js";
import { token } from "./session_token.js";

export class RequestError extends Error {
  constructor(status, parts) {
    const lines = [`${parts.where || "merflow studio"}: ${parts.found || "failed"}`];
    if (parts.expected) lines.push(`  expected: ${parts.expected}`);
    if (parts.fix) lines.push(`  to do: ${parts.fix}`);
    super(lines.join("\n"));
    this.status = status;
    // Of a save that was refused because the file has changed: {file, page}.
    this.versions = parts.versions;
  }
}

// What every request carries: the session's token, and the project that this page shows.
export const identity = () => ({ "x-merflow-token": token(), ...(project().id && { "x-merflow-project": project().id }) });

async function request(path, options = {}) {
  const headers = { ...identity(), ...options.headers };
  let response;
  try {
    response = await fetch(path, { ...options, headers, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new RequestError(0, {
      where: "merflow studio", found: "the server does not answer",
      fix: "start `merflow studio` again and open the address it prints",
    });
  }
  if (!response.ok) {
    let parts = {};
    try { parts = await response.json(); } catch { parts = { found: `HTTP ${response.status}` }; }
    throw new RequestError(response.status, parts);
  }
  return response;
}

export const get = async (path, signal) => (await request(path, { signal })).json();
export const getBlob = async (path, signal) => (await request(path, { signal })).blob();
export const getImage = async (path, signal) => {
  return createImageBitmap(await getBlob(path, signal), { colorSpaceConversion: "none" });
};
export const post = async (path, body = {}) => (await request(path, {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
})).json();
export const postImage = async (path, jpeg) => (await request(path, {
  method: "POST", headers: { "content-type": "image/jpeg" }, body: jpeg,
})).json();
export const url = (...parts) => "/api/" + parts.map(encodeURIComponent).join("/");
