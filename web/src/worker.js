// Does the work beside the page, one job after the other.  Jobs come in as messages, see `protocol.js`.

import { loadNetworks } from "./engine.js";
import { stopped, toPlain } from "./errors.js";
import { findSubject } from "./subject.js";
import { finish } from "./produce.js";

/**
 * @import { Job, Jobs, Name, Reply } from "./protocol.js"
 */

/** @type {Awaited<ReturnType<typeof loadNetworks>> | null} */
let networks = null;
/** @type {Promise<unknown>} */
let last = Promise.resolve();
/** @type {Set<number>} */
const cancelled = new Set();
const bell = new MessageChannel();

/**
 * What a job may do beside its work.
 * @typedef {{pause: () => Promise<void>, onProgress: (progress: unknown) => void}} Surroundings
 */

/** @type {{[N in Name]: (argument: Jobs[N]["argument"], around: Surroundings) => Promise<Jobs[N]["result"]>}} */
const work = {
  async load(settings, { onProgress }) {
    networks = await loadNetworks(settings, onProgress);
    return { device: networks.device };
  },
  async matte(wanted, around) {
    if (!networks) throw new Error("nothing is loaded");
    return findSubject(wanted, { ...networks, ...around });
  },
  finish: (wanted, { pause }) => finish(wanted, pause),
};

self.onmessage = ({ data }) => {
  /** @type {Job | {cancel: number}} */
  const message = data;
  if ("cancel" in message) cancelled.add(message.cancel);
  else last = last.then(() => run(message));
};

/** @param {Job} job */
async function run({ id, name, argument }) {
  /**
   * @param {Reply} message
   * @param {Transferable[]} transfer
   */
  const reply = (message, transfer = []) => self.postMessage(message, { transfer });
  const pause = async () => {
    await letMessagesIn();
    if (cancelled.has(id)) throw stopped();
  };
  try {
    await pause();
    const job = /** @type {(argument: unknown, around: Surroundings) => Promise<unknown>} */ (work[name]);
    const result = await job(argument, { pause, onProgress: (progress) => reply({ id, progress }) });
    reply({ id, result }, buffersOf(result));
  } catch (error) {
    reply({ id, error: toPlain(error) });
  } finally {
    cancelled.delete(id);
  }
}

/** Waits until messages that have come in meanwhile are handled; a resolved promise would not let them in. */
function letMessagesIn() {
  return new Promise((resolve) => {
    bell.port1.onmessage = resolve;
    bell.port2.postMessage(null);
  });
}

/**
 * @param {unknown} result
 * @returns {Transferable[]} the arrays' memory: it moves to the page instead of being copied
 */
function buffersOf(result) {
  const values = Object.values(/** @type {object} */ (result));
  return values.flatMap((value) => (ArrayBuffer.isView(value) ? [/** @type {ArrayBuffer} */ (value.buffer)] : []));
}
