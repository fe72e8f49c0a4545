// Talks to the server that this page came from.

import { Problem } from "./problem.js";

const KEY = "tress.key";
const ATTEMPTS = 4;

let askForKey = async () => null;

/** Sets how a person is asked for an API key; `ask` takes what is wrong with the last one and resolves to a key, or null. */
export function onKeyNeeded(ask) {
  askForKey = ask;
}

/** The options' JSON schema and the server's limits. */
export async function schema() {
  return JSON.parse(await (await send("GET", "v1/schema", null, {})).blob.text());
}

/**
 * Cuts one picture out.
 * @param {Blob} image the picture
 * @param {Record<string, string | Blob>} options as the schema names them
 * @param {{signal?: AbortSignal, onProgress?: (state: {sent: number} | "working" | "busy") => void}} how
 */
export async function cutout(image, options, how = {}) {
  const form = new FormData();
  form.set("image", image, image.name || "picture");
  for (const [name, value] of Object.entries(options)) form.set(name, value);
  const { blob, header } = await send("POST", "v1/cutout", form, how);
  const [scale, left, top] = header("X-Layout").split(" ").map(Number);
  return {
    blob,
    width: Number(header("X-Width")),
    height: Number(header("X-Height")),
    layout: { scale, left, top },
    found: header("X-Found") === "true",
    warnings: header("X-Warnings") ?? "",
  };
}

/**
 * The photo in a format that every browser shows.
 * @param {Blob} image in one that this browser cannot, such as HEIC or TIFF
 */
export async function preview(image) {
  const form = new FormData();
  form.set("image", image, image.name || "picture");
  return (await send("POST", "page/preview", form, {})).blob;
}

async function send(method, path, body, how) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await once(method, path, body, how);
    if (answer.status < 300) return answer;
    if (answer.status === 401) {
      // Another request may have asked for the key meanwhile.
      if (sessionStorage.getItem(KEY) !== answer.key) continue;
      sessionStorage.removeItem(KEY);
      const key = await askForKey(answer.key ? "That key is not known here." : "");
      if (key) {
        sessionStorage.setItem(KEY, key);
        continue;
      }
    }
    const busy = answer.status === 429 || answer.status === 503;
    if (!busy || attempt === ATTEMPTS) throw await problemOf(answer);
    how.onProgress?.("busy");
    await pause(Math.min(20, Number(answer.header("Retry-After")) || 2) * 1000, how.signal);
  }
}

// XMLHttpRequest, because fetch cannot tell how much of an upload has been sent.
function once(method, path, body, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    request.responseType = "blob";
    const key = sessionStorage.getItem(KEY);
    if (key) request.setRequestHeader("X-API-Key", key);
    request.upload.onprogress = (event) => onProgress?.({ sent: event.loaded / event.total });
    request.upload.onload = () => onProgress?.("working");
    request.onload = () =>
      resolve({ key, status: request.status, blob: request.response, header: (name) => request.getResponseHeader(name) });
    request.onerror = () =>
      reject(new Problem("offline", "The server cannot be reached.", "Check the connection and try again."));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    if (signal?.aborted) request.abort();
    request.send(body);
  });
}

async function problemOf(answer) {
  try {
    const { error } = JSON.parse(await answer.blob.text());
    return new Problem(error.code, error.message, error.hint);
  } catch {
    return new Problem("unknown", `The server answered with status ${answer.status}.`);
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
  });
}
