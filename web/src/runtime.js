// Where ONNX Runtime comes from.  For pages without a bundler, `build.js` puts a file with relative addresses in this
// one's place.

/** @import * as Runtime from "onnxruntime-web" */

/**
 * Its WebAssembly, to be fetched with progress; null where only the bundler knows the address.
 * @type {{address: string, bytes: number} | null}
 */
export const WASM = null;

/**
 * @param {"webgpu" | "wasm"} device
 * @returns {Promise<typeof Runtime>}
 */
export async function runtimeFor(device) {
  return device === "webgpu" ? import("onnxruntime-web/webgpu") : import("onnxruntime-web/wasm");
}
