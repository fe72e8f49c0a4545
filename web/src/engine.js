// The networks: fetched, checked, and run by ONNX Runtime.  The only file that knows it.

import constants from "./constants.json" with { type: "json" };
import { TressError, isOutOfMemory } from "./errors.js";
import { WASM, runtimeFor } from "./runtime.js";

/** @import { InferenceSession } from "onnxruntime-web" */
/** @typedef {typeof import("onnxruntime-web")} Runtime */
/** @typedef {typeof constants.networks.locator} Published a network as it was published */

/**
 * @typedef {object} Settings
 * @property {string} base address of the folder with the networks' files
 * @property {string} runtime address of the folder with ONNX Runtime's WebAssembly; empty: where its script is
 * @property {"auto" | "webgpu" | "wasm"} device
 * @property {number} threads
 */

/** One network, loaded once. */
export class Network {
  /**
   * @param {Runtime} ort
   * @param {InferenceSession} session
   * @param {Published["spec"]} spec how it is fed
   */
  constructor(ort, session, spec) {
    this.ort = ort;
    this.session = session;
    this.spec = spec;
  }

  /**
   * Runs the network once.
   * @param {Float32Array} input
   * @param {number[]} shape
   * @returns {Promise<Float32Array<ArrayBuffer>[]>} alpha, then uncertainty and presence if the spec promises them
   */
  async run(input, shape) {
    const { ort, session } = this;
    try {
      const outputs = await session.run({ [session.inputNames[0]]: new ort.Tensor("float32", input, shape) });
      return session.outputNames.map((name) => /** @type {Float32Array<ArrayBuffer>} */ (outputs[name].data));
    } catch (error) {
      if (isOutOfMemory(error)) throw error;
      throw new TressError(
        "model_run",
        `${this.spec.name} failed: ${wordsOf(error)}`,
        "reload the page, or choose the device wasm",
      );
    }
  }
}

/**
 * Loads both networks.
 * @param {Settings} settings
 * @param {(progress: {loaded: number, total: number}) => void} onProgress bytes of the networks, and of ONNX Runtime
 *   where we fetch it ourselves
 * @returns {Promise<{locator: Network, refiner: Network, device: "webgpu" | "wasm"}>}
 */
export async function loadNetworks(settings, onProgress) {
  if (typeof WebAssembly !== "object") {
    throw new TressError("no_webassembly", "this browser does not run WebAssembly", "update it, or use another one");
  }
  const device = settings.device === "webgpu" ? "webgpu" : "wasm";
  const { locator, refiner } = constants.networks;
  const wasm = device === "wasm" && !settings.runtime ? WASM : null;
  let loaded = 0;
  const total = locator.bytes + refiner.bytes + (wasm?.bytes ?? 0);
  /** @param {number} bytes */
  const onBytes = (bytes) => onProgress({ loaded: (loaded += bytes), total });
  const [ort, first, second, wasmBinary] = await Promise.all([
    startRuntime(device, settings),
    fetchNetwork(settings.base, locator, onBytes),
    fetchNetwork(settings.base, refiner, onBytes),
    wasm &&
      download(
        wasm.address,
        wasm.bytes,
        onBytes,
        "runtime_not_found",
        "check that ONNX Runtime's files are beside the page's",
      ),
  ]);
  if (wasmBinary) ort.env.wasm.wasmBinary = wasmBinary;
  return {
    locator: await startNetwork(ort, first, locator, device),
    refiner: await startNetwork(ort, second, refiner, device),
    device,
  };
}

/**
 * @param {string} base
 * @param {Published} network
 * @param {(bytes: number) => void} onBytes
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function fetchNetwork(base, network, onBytes) {
  const address = new URL(network.file, base).href;
  const hint = "check that `base` names the folder with the networks, and that they are of this version of tress-web";
  const contents = await download(address, network.bytes, onBytes, "model_not_found", hint);
  if (contents.length !== network.bytes || !(await isIntact(contents, network.sha256))) {
    throw new TressError(
      "model_checksum",
      `${address} is not ${network.spec.name} ${network.spec.version} as published`,
      hint,
    );
  }
  return contents;
}

/**
 * @param {string} address
 * @param {number} expected its bytes
 * @param {(bytes: number) => void} onBytes called for each part that has come
 * @param {string} code of the error if it is not there
 * @param {string} hint
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function download(address, expected, onBytes, code, hint) {
  const answer = await fetch(address).catch((error) => {
    throw new TressError(code, `${address} cannot be fetched: ${wordsOf(error)}`, "check the connection");
  });
  if (!answer.ok || !answer.body)
    throw new TressError(code, `${address} cannot be fetched: status ${answer.status}`, hint);
  const contents = new Uint8Array(expected);
  let length = 0;
  for (const reader = answer.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (length + value.length <= expected) contents.set(value, length);
    length += value.length;
    onBytes(value.length);
  }
  // Longer than it should be counts as another file, too.
  return length === expected ? contents : contents.subarray(0, 0);
}

/**
 * @param {Uint8Array<ArrayBuffer>} contents
 * @param {string} sha256 in hexadecimal
 */
async function isIntact(contents, sha256) {
  // A page that was not loaded over https has no digests; somebody who changes its networks could change this line too.
  if (!crypto.subtle) return true;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", contents));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") === sha256;
}

/**
 * @param {"webgpu" | "wasm"} device
 * @param {Settings} settings
 * @returns {Promise<Runtime>}
 */
async function startRuntime(device, { runtime, threads }) {
  const ort = await runtimeFor(device).catch((error) => {
    throw new TressError(
      "runtime_not_found",
      `ONNX Runtime cannot be loaded: ${wordsOf(error)}`,
      "check the connection, and that its files are beside the page's",
    );
  });
  if (runtime) ort.env.wasm.wasmPaths = runtime;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  return ort;
}

/**
 * @param {Runtime} ort
 * @param {Uint8Array} contents
 * @param {Published} network
 * @param {"webgpu" | "wasm"} device
 */
async function startNetwork(ort, contents, network, device) {
  try {
    const session = await ort.InferenceSession.create(contents, {
      executionProviders: [device],
      graphOptimizationLevel: "all",
      enableMemPattern: false,
      // Waiting threads must not burn the cores that everything else on the device shares.
      extra: { session: { intra_op: { allow_spinning: "0" } } },
    });
    return new Network(ort, session, network.spec);
  } catch (error) {
    if (isOutOfMemory(error)) throw error;
    const code = device === "webgpu" ? "device_unavailable" : "model_load";
    throw new TressError(
      code,
      `${network.spec.name} cannot be started on ${device}: ${wordsOf(error)}`,
      device === "webgpu"
        ? "use the device wasm"
        : "check that ONNX Runtime's files can be loaded from where `runtime` says",
    );
  }
}

/** @param {unknown} error */
function wordsOf(error) {
  return error instanceof Error ? error.message : String(error);
}
