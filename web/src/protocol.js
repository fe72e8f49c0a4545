// What page and worker say to each other.

/**
 * @import { PlainError } from "./errors.js"
 * @import { Settings } from "./engine.js"
 * @import { Source } from "./io/decode.js"
 * @import { RegionInput } from "./outputs/region.js"
 * @import { Values } from "./outputs/options.js"
 */

/** @typedef {{loaded: number, total: number}} LoadProgress bytes of the networks */

/**
 * @typedef {object} Wanted a picture and what is said about its subject
 * @property {Source} image
 * @property {Source | null} keep
 * @property {Source | null} clear
 * @property {RegionInput | null} region
 * @property {number} maxMegapixels
 */

/**
 * @typedef {object} Found a picture with its alpha; both lose their memory to whoever gets this message
 * @property {number} width
 * @property {number} height
 * @property {Uint8Array<ArrayBuffer>} image RGB
 * @property {Float32Array<ArrayBuffer>} alpha
 * @property {boolean} found
 * @property {number} confidence
 * @property {{decode: number, locate: number, refine: number}} seconds
 * @property {string[]} warnings
 */

/**
 * @typedef {object} Finishing a file to be made of a matte
 * @property {number} width
 * @property {number} height
 * @property {Uint8Array<ArrayBuffer>} image RGB
 * @property {Float32Array<ArrayBuffer>} alpha
 * @property {Uint8Array<ArrayBuffer> | null} foreground RGB; null if it was not needed so far
 * @property {Values} options
 */

/**
 * Photo pixel x lies at `scale * x + left` in the result.
 * @typedef {{scale: number, left: number, top: number}} Place
 */

/**
 * @typedef {object} Finished
 * @property {Blob} blob
 * @property {number} width of the result
 * @property {number} height
 * @property {Place} layout
 * @property {Uint8Array<ArrayBuffer> | null} foreground RGB, if it was needed
 */

/**
 * @typedef {object} Jobs
 * @property {{argument: Settings, result: {device: "webgpu" | "wasm"}, progress: LoadProgress}} load
 * @property {{argument: Wanted, result: Found, progress: number}} matte
 * @property {{argument: Finishing, result: Finished, progress: never}} finish
 */

/** @typedef {keyof Jobs} Name */
/** @typedef {{[N in Name]: {id: number, name: N, argument: Jobs[N]["argument"]}}[Name]} Job */
/** @typedef {{id: number, result?: unknown, progress?: unknown, error?: PlainError}} Reply */

export {};
