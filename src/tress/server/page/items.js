// The pictures of this visit and their results.  Nothing outlives the tab.

import { cutout } from "./place.js";

const AT_ONCE = 2;
// Results of older option sets are dropped beyond this; each can be many megabytes.
const KEPT = 6;
let count = 0;

/** One picture. */
export class Item {
  constructor(file) {
    this.id = (count += 1);
    this.file = file;
    this.name = file.name || "picture.png";
    this.photo = URL.createObjectURL(file);
    this.results = new Map();
    this.pending = new Map();
    this.state = "queued";
    this.progress = "working";
    this.problem = null;
    this.size = null;
    // Where the subject is looked for, in the words of the option; empty for everywhere.
    this.region = "";
    // What was drawn on it with the brush, and the same as pictures for whoever does the work.
    this.strokes = [];
    this.marks = { keep: null, clear: null };
    this.drawn = Promise.resolve();
    // What is shown while strokes are worked into the next result.
    this.meanwhile = null;
  }

  get stem() {
    return this.name.replace(/\.[^.]*$/, "") || "picture";
  }

  /** The options that belong to this picture alone. */
  get own() {
    return Object.fromEntries(Object.entries({ region: this.region, ...this.marks }).filter(([, value]) => value));
  }

  /** The result that is transparent and lies exactly on the photo; good enough until the right one comes. */
  get plain() {
    return this.results.get(keyOf(this.own)) ?? null;
  }

  /** Shows another file in place of the photo's own, which the browser cannot. */
  show(blob) {
    URL.revokeObjectURL(this.photo);
    this.photo = URL.createObjectURL(blob);
  }

  drop() {
    for (const { stop } of this.pending.values()) stop.abort();
    URL.revokeObjectURL(this.photo);
    for (const { url } of this.results.values()) URL.revokeObjectURL(url);
  }
}

/** Gets results, a few at a time. */
export class Workshop {
  /** @param {(item: Item) => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    this.running = 0;
    this.waiting = [];
  }

  /**
   * A result of an item; asked for once, however often it is wanted.
   * @param {Item} item
   * @param {Record<string, string | Blob>} options
   * @param {{urgent?: boolean, keep?: boolean}} how urgent: before all that waits; keep: never forgotten
   */
  async get(item, options, { urgent = false, keep = false } = {}) {
    const key = keyOf(options);
    if (item.results.has(key)) return item.results.get(key);
    if (!item.pending.has(key)) {
      const pending = { stop: new AbortController(), kept: false, place: null };
      item.pending.set(key, pending);
      pending.result = this.#make(item, options, key, pending);
    }
    const pending = item.pending.get(key);
    pending.kept ||= keep;
    if (urgent) this.#hurry(pending.place);
    return pending.result;
  }

  /** A result that is there already, or null. */
  peek(item, options) {
    return item.results.get(keyOf(options)) ?? null;
  }

  /** Gives up what nobody wants to see any more, unless it becomes a file. */
  forget(item, options) {
    const wanted = keyOf(options);
    const plain = keyOf(item.own);
    for (const [key, { stop, kept }] of item.pending) if (key !== wanted && key !== plain && !kept) stop.abort();
  }

  async #make(item, options, key, pending) {
    try {
      await this.#turn(pending);
      return await this.#run(item, options, key, pending.stop);
    } finally {
      // Before the change is told: an item with something pending is never shown as failed.
      item.pending.delete(key);
      this.onChange(item);
    }
  }

  async #run(item, options, key, stop) {
    item.state = "working";
    item.problem = null;
    this.onChange(item);
    try {
      const onProgress = (progress) => {
        item.progress = progress;
        this.onChange(item);
      };
      const made = await cutout(item.file, options, { signal: stop.signal, onProgress });
      const result = { ...made, url: URL.createObjectURL(made.blob) };
      item.results.set(key, result);
      item.state = "done";
      const plain = keyOf(item.own);
      for (const old of [...item.results.keys()].filter((name) => name !== plain).slice(0, -KEPT)) {
        URL.revokeObjectURL(item.results.get(old).url);
        item.results.delete(old);
      }
      return result;
    } catch (error) {
      if (error.name === "AbortError") item.state = item.results.size ? "done" : "queued";
      else [item.state, item.problem] = [item.results.size ? "done" : "failed", error];
      throw error;
    } finally {
      this.running -= 1;
      this.waiting.shift()?.go();
    }
  }

  #turn(pending) {
    if (this.running < AT_ONCE) {
      this.running += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const place = {
        go: () => {
          this.running += 1;
          resolve();
        },
      };
      pending.place = place;
      this.waiting.push(place);
      pending.stop.signal.addEventListener("abort", () => {
        if (this.#leave(place)) reject(new DOMException("stopped", "AbortError"));
      });
    });
  }

  #hurry(place) {
    if (this.#leave(place)) this.waiting.unshift(place);
  }

  /** Takes a place out of the queue; false if it is not in there. */
  #leave(place) {
    const index = this.waiting.indexOf(place);
    if (index >= 0) this.waiting.splice(index, 1);
    return index >= 0;
  }
}

const blobs = new WeakMap();

/** A name for a set of options; the same blob always has the same name. */
function keyOf(options) {
  const named = Object.entries(options).map(([name, value]) => {
    if (!(value instanceof Blob)) return [name, value];
    if (!blobs.has(value)) blobs.set(value, `blob ${(count += 1)}`);
    return [name, blobs.get(value)];
  });
  return JSON.stringify(Object.fromEntries(named));
}
