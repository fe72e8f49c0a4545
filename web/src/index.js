/** Removes the background from pictures, in the browser. */

export { Remover, remove } from "./api.js";
export { formats } from "./io/encode.js";
export { TressError } from "./errors.js";
export { Matte } from "./matte.js";

/** @typedef {import("./api.js").LoadOptions} LoadOptions */
/** @typedef {import("./api.js").MatteOptions} MatteOptions */
/** @typedef {import("./api.js").Picture} Picture */
