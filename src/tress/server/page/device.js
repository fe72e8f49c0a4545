// Does the work on this device, with the package that lies beside the page.

import { Problem } from "./problem.js";

// Mattes of the last pictures are kept, so that another background or size takes no second look at them.
const KEPT_PIXELS = 24e6;

let remover = null;
/** @type {Map<string, {matte: Promise<object>, stop: AbortController, users: number, pixels: number}>} */
const mattes = new Map();
const names = new WeakMap();
let count = 0;

/** The package; it cannot even be imported where the browser is too old for it. */
export async function tools() {
  if (!globalThis.OffscreenCanvas || !globalThis.CompressionStream || !globalThis.WebAssembly)
    throw new Problem("browser_too_old", "This browser cannot do the work.");
  return import("../browser/src/index.js");
}

/**
 * Loads the networks, once.
 * @param {(progress: {loaded: number, total: number}) => void} onProgress
 */
export function load(onProgress) {
  remover ??= tools()
    .then(({ Remover }) => Remover.load({ onProgress }))
    .catch((error) => {
      remover = null;
      throw asProblem(error);
    });
  return remover;
}

/**
 * Cuts one picture out; as the server does, see `api.js`.
 * @param {Blob} image
 * @param {Record<string, string | Blob>} options
 * @param {{signal?: AbortSignal, onProgress?: (state: "working" | "loading") => void}} how
 */
export async function cutout(image, { region, keep, clear, ...options }, { signal, onProgress } = {}) {
  try {
    if (!remover)
      throw new Problem("not_loaded", "The networks are not loaded.", "Switch “On this device” off and on again");
    onProgress?.("loading");
    const loaded = await remover;
    onProgress?.("working");
    const matte = await matteOf(loaded, image, { region, keep, clear }, signal);
    const made = await matte.render(options, { signal });
    return { ...made, found: matte.found, warnings: matte.warnings.join("; ") };
  } catch (error) {
    throw asProblem(error);
  }
}

/** The matte of a picture; made once for all who ask for it, and given up when the last of them does. */
async function matteOf(loaded, image, said, signal) {
  const key = [image, ...Object.values(said)].map(nameOf).join("|");
  if (!mattes.has(key)) {
    const stop = new AbortController();
    const entry = { matte: loaded.matte(image, { ...said, signal: stop.signal }), stop, users: 0, pixels: 0 };
    mattes.set(key, entry);
    entry.matte.then(
      ({ width, height }) => {
        entry.pixels = width * height;
        forget(key);
      },
      () => mattes.delete(key),
    );
  }
  const entry = mattes.get(key);
  entry.users += 1;
  const leave = () => {
    entry.users -= 1;
    if (!entry.users && !entry.pixels) {
      mattes.delete(key);
      entry.stop.abort();
    }
  };
  signal?.addEventListener("abort", leave, { once: true });
  if (signal?.aborted) leave();
  const matte = await entry.matte;
  signal?.removeEventListener("abort", leave);
  signal?.throwIfAborted();
  return matte;
}

/** Lets the oldest mattes go, but never the newest. */
function forget(newest) {
  let kept = 0;
  for (const [key, { pixels }] of [...mattes].reverse()) {
    kept += pixels;
    if (kept > KEPT_PIXELS && key !== newest && pixels) mattes.delete(key);
  }
}

/** A name for a picture or text; the same blob always has the same one. */
function nameOf(value) {
  if (!(value instanceof Blob)) return value ?? "";
  if (!names.has(value)) names.set(value, `blob ${(count += 1)}`);
  return names.get(value);
}

function asProblem(error) {
  if (error.name === "AbortError" || error instanceof Problem) return error;
  return new Problem(error.code ?? "unexpected", error.message, error.hint);
}
