// What a page uses: `Remover` and `remove`.

import constants from "./constants.json" with { type: "json" };
import { TressError } from "./errors.js";
import { Matte } from "./matte.js";
import { Crew } from "./crew.js";

/**
 * @import { Source } from "./io/decode.js"
 * @import { RegionInput } from "./outputs/region.js"
 * @import { LoadProgress } from "./protocol.js"
 */

/** @typedef {Source | HTMLImageElement | HTMLCanvasElement} Picture */

const { MAX_MEGAPIXELS } = constants.api;
// More threads than this gain little on networks this small.
const MOST_THREADS = 4;

/**
 * @typedef {object} LoadOptions
 * @property {string | URL} [base] folder with the networks' files; by default the package's own
 * @property {string | URL} [runtime] folder with ONNX Runtime's WebAssembly, for bundlers that do not find it
 * @property {number} [threads] by default the processor's cores, at most 4; 1 where a page is not cross-origin isolated
 * @property {"auto" | "webgpu" | "wasm"} [device] `auto` is `wasm`
 * @property {number} [maxMegapixels] larger pictures are refused
 * @property {(progress: LoadProgress) => void} [onProgress]
 */

/**
 * @typedef {object} MatteOptions
 * @property {Picture | null} [keep] marks on what belongs to the subject: bright and opaque where it is marked
 * @property {Picture | null} [clear] marks on what does not; where both are marked, this counts
 * @property {RegionInput | null} [region] look only here; alpha is zero outside
 * @property {AbortSignal} [signal] stops the work
 * @property {(done: number) => void} [onProgress] from 0 to 1, along the edge
 */

/** Loaded networks in a worker of their own, ready for any number of pictures. */
export class Remover {
  #crew;
  #maxMegapixels;

  /**
   * @param {Crew} crew
   * @param {"webgpu" | "wasm"} device
   * @param {number} maxMegapixels
   */
  constructor(crew, device, maxMegapixels) {
    this.#crew = crew;
    this.#maxMegapixels = maxMegapixels;
    /** Where it really runs. */
    this.device = device;
  }

  /**
   * Fetches and starts the networks.
   * @param {LoadOptions} options
   * @returns {Promise<Remover>}
   * @throws {TressError} `no_webassembly`, `model_not_found`, `model_checksum`, `runtime_not_found`, `model_load`,
   *   `device_unavailable`, `worker_failed`, `out_of_memory`
   */
  static async load({ base, runtime, threads, device = "auto", maxMegapixels = MAX_MEGAPIXELS, onProgress } = {}) {
    const crew = new Crew();
    const settings = {
      base: folder(base ?? new URL("../networks/", import.meta.url)),
      runtime: runtime === undefined ? "" : folder(runtime),
      device,
      threads: threadsFor(threads),
    };
    try {
      const started = await crew.run("load", settings, { onProgress });
      return new Remover(crew, started.device, maxMegapixels);
    } catch (error) {
      crew.dismiss();
      throw error;
    }
  }

  /**
   * Finds the subject of a picture.
   * @param {Picture} image it stays usable
   * @param {MatteOptions} options
   * @returns {Promise<Matte>}
   * @throws {TressError} `file_empty`, `picture_unsupported`, `picture_too_large`, `picture_tainted`, `marks_shape`,
   *   `region_outside`, `region_empty`, `option_value`, `out_of_memory`, `model_run`; and an `AbortError` when stopped
   */
  async matte(image, { keep = null, clear = null, region = null, signal, onProgress } = {}) {
    const wanted = {
      image: await portable(image),
      keep: keep && (await portable(keep)),
      clear: clear && (await portable(clear)),
      region,
      maxMegapixels: this.#maxMegapixels,
    };
    return new Matte(await this.#crew.run("matte", wanted, { signal, onProgress }), this.#crew);
  }

  /** Stops the worker and gives its memory back. */
  close() {
    this.#crew.dismiss();
  }
}

/** @type {Promise<Remover> | null} */
let shared = null;

/**
 * Removes the background of one picture.  The networks stay loaded for the next call.
 * @param {Picture} image
 * @param {MatteOptions & {load?: LoadOptions}} options `load` counts for the first call
 * @returns {Promise<Blob>} a PNG
 */
export async function remove(image, { load, ...options } = {}) {
  shared ??= Remover.load(load).catch((error) => {
    shared = null;
    throw error;
  });
  const matte = await (await shared).matte(image, options);
  return matte.cutout({ signal: options.signal });
}

/** @param {string | URL} address */
function folder(address) {
  const { href } = new URL(address, document.baseURI);
  return href.endsWith("/") ? href : `${href}/`;
}

/** @param {number | undefined} wanted */
function threadsFor(wanted) {
  if (!globalThis.crossOriginIsolated) return 1;
  return Math.max(1, wanted ?? Math.min(MOST_THREADS, navigator.hardwareConcurrency));
}

/**
 * The picture in a form that can be sent to the worker, and that is not the caller's own.
 * @param {Picture} picture
 * @returns {Promise<Source>}
 */
async function portable(picture) {
  if (picture instanceof Blob || picture instanceof ImageData) return picture;
  try {
    if (picture instanceof HTMLImageElement) await picture.decode();
    return await createImageBitmap(picture, { premultiplyAlpha: "none" });
  } catch {
    throw new TressError("picture_unsupported", "the picture cannot be read", "it may not be loaded, or be empty");
  }
}
