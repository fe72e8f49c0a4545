// The page's side of the worker: sends jobs, gets results, cancels.

import { TressError, fromPlain, stopped } from "./errors.js";

/** @import { Jobs, Name, Reply } from "./protocol.js" */

/**
 * @typedef {object} Waiting
 * @property {(result: any) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {((progress: any) => void) | undefined} onProgress
 */

export class Crew {
  #worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #count = 0;
  #gone = false;

  constructor() {
    this.#worker.onmessage = ({ data }) => this.#take(data);
    // A worker that cannot start, or was ended by the browser for the memory it took, says nothing else.
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#end(
        new TressError(
          "worker_failed",
          `the worker has stopped: ${event.message || "its script cannot be loaded"}`,
          "reload the page",
        ),
      );
    };
  }

  /**
   * @template {Name} N
   * @param {N} name
   * @param {Jobs[N]["argument"]} argument
   * @param {{signal?: AbortSignal, onProgress?: (progress: Jobs[N]["progress"]) => void}} how
   * @returns {Promise<Jobs[N]["result"]>}
   */
  async run(name, argument, { signal, onProgress } = {}) {
    if (signal?.aborted) throw stopped();
    if (this.#gone) throw new TressError("closed", "this remover is closed", "load another one");
    this.#count += 1;
    const id = this.#count;
    const cancel = () => {
      this.#worker.postMessage({ cancel: id });
      // The worker goes on for up to a step; nobody has to wait for that.
      this.#waiting.get(id)?.reject(stopped());
      this.#waiting.delete(id);
    };
    signal?.addEventListener("abort", cancel);
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject, onProgress });
        this.#post({ id, name, argument });
      });
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  /** Stops the worker; whatever still waits fails. */
  dismiss() {
    this.#end(stopped());
  }

  /** @param {{id: number, name: Name, argument: Jobs[Name]["argument"]}} job */
  #post(job) {
    const bitmaps = Object.values(job.argument).filter((value) => value instanceof ImageBitmap);
    try {
      this.#worker.postMessage(job, bitmaps);
    } catch (error) {
      // A picture from another origin may be shown, but its pixels are not for this page.
      const tainted = new TressError(
        "picture_tainted",
        "the picture comes from another site that does not share its pixels",
        "set crossOrigin on the image, or fetch it as a blob",
      );
      this.#waiting.get(job.id)?.reject(bitmaps.length ? tainted : /** @type {Error} */ (error));
      this.#waiting.delete(job.id);
    }
  }

  /** @param {Reply} reply */
  #take({ id, result, progress, error }) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (progress !== undefined) {
      waiting.onProgress?.(progress);
      return;
    }
    this.#waiting.delete(id);
    if (error) waiting.reject(fromPlain(error));
    else waiting.resolve(result);
  }

  /** @param {Error} why */
  #end(why) {
    this.#gone = true;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(why);
    this.#waiting.clear();
  }
}
