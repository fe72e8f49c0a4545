// From pixels to a picture file.

import { TressError } from "../errors.js";
import { encodePng } from "./png.js";

/** @import { Bytes } from "../arrays.js" */
/** @import { Options } from "../outputs/options.js" */

/** @typedef {Options["format"]} Format */

const DEFAULT_QUALITY = { webp: 90, jpeg: 92 };

/**
 * @param {Bytes} picture grey, RGB, or RGBA with straight alpha
 * @param {Options} options
 * @returns {Promise<Blob>}
 */
export async function encode(picture, { format, quality, lossless }) {
  if (format === "png") return encodePng(picture);
  const { height, width } = picture;
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d");
  if (!pen)
    throw new TressError(
      "canvas_too_large",
      `this browser cannot write a picture of ${width}x${height} pixels`,
      "choose png, or set a smaller size",
    );
  pen.putImageData(new ImageData(toRgba(picture), width, height), 0, 0);
  const type = `image/${format}`;
  const blob = await canvas.convertToBlob({ type, quality: lossless ? 1 : (quality ?? DEFAULT_QUALITY[format]) / 100 });
  if (blob.type !== type)
    throw new TressError("format_unsupported", `this browser cannot write ${format}`, "choose png");
  return blob;
}

/**
 * The formats that this browser can write.
 * @returns {Promise<Format[]>}
 */
export async function formats() {
  const canvas = new OffscreenCanvas(1, 1);
  canvas.getContext("2d");
  const webp = await canvas.convertToBlob({ type: "image/webp" });
  return webp.type === "image/webp" ? ["png", "webp", "jpeg"] : ["png", "jpeg"];
}

/** @param {Bytes} picture */
function toRgba({ data, height, width, channels }) {
  const out = new Uint8ClampedArray(4 * height * width);
  for (let k = 0; k < height * width; k += 1) {
    for (let c = 0; c < 3; c += 1) out[4 * k + c] = data[k * channels + (channels === 1 ? 0 : c)];
    out[4 * k + 3] = channels === 4 ? data[4 * k + 3] : 255;
  }
  return out;
}
