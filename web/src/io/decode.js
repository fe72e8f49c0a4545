// From the bytes of a picture to upright sRGB pixels, as the browser decodes them: EXIF orientation applied, colour
// profile converted.

import { Raster, bytes, floats } from "../arrays.js";
import { TressError } from "../errors.js";

/** @import { Bytes, Floats } from "../arrays.js" */
/** @typedef {Blob | ImageBitmap | ImageData} Source what crosses into the worker */

const MEGA = 1e6;

/**
 * A decoded picture: `pixels` is RGB; `alpha` is null where the file is opaque everywhere.
 * @typedef {{pixels: Bytes, alpha: Floats | null}} Picture
 */

/**
 * @param {Source} source
 * @param {number} maxMegapixels
 * @returns {Promise<Picture>}
 */
export async function decode(source, maxMegapixels) {
  if (source instanceof ImageData) {
    checkSize(source.width, source.height, maxMegapixels);
    return split(source);
  }
  const bitmap = source instanceof Blob ? await toBitmap(source) : source;
  try {
    checkSize(bitmap.width, bitmap.height, maxMegapixels);
    return split(toPixels(bitmap));
  } finally {
    bitmap.close();
  }
}

/**
 * @param {Blob} blob
 * @returns {Promise<ImageBitmap>}
 */
async function toBitmap(blob) {
  if (!blob.size) throw new TressError("file_empty", "the file is empty");
  try {
    return await createImageBitmap(blob, { imageOrientation: "from-image", premultiplyAlpha: "none" });
  } catch {
    throw new TressError(
      "picture_unsupported",
      "this browser cannot read the picture",
      "it may be damaged or of a kind that the browser does not know; JPEG, PNG and WebP always work",
    );
  }
}

/**
 * @param {ImageBitmap} bitmap
 * @returns {ImageData}
 */
function toPixels(bitmap) {
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  if (!pen) throw tooLarge(width, height);
  try {
    pen.drawImage(bitmap, 0, 0);
    return pen.getImageData(0, 0, width, height);
  } catch {
    // A canvas beyond the browser's limit draws nothing, or says so only here.
    throw tooLarge(width, height);
  }
}

/**
 * @param {number} width
 * @param {number} height
 */
function tooLarge(width, height) {
  return new TressError(
    "picture_too_large",
    `a picture of ${width}x${height} pixels is too large for this browser`,
    "use a smaller picture",
  );
}

/**
 * @param {number} width
 * @param {number} height
 * @param {number} maxMegapixels
 */
function checkSize(width, height, maxMegapixels) {
  if (width * height > maxMegapixels * MEGA) {
    throw new TressError(
      "picture_too_large",
      `the picture has ${width}x${height} pixels; the limit is ${maxMegapixels} megapixels`,
      "use a smaller picture, or raise the limit",
    );
  }
}

/**
 * @param {ImageData} picture
 * @returns {Picture}
 */
function split({ data, width, height }) {
  const pixels = bytes(height, width, 3);
  let opaque = true;
  for (let i = 0, k = 0; i < data.length; i += 4, k += 3) {
    pixels.data[k] = data[i];
    pixels.data[k + 1] = data[i + 1];
    pixels.data[k + 2] = data[i + 2];
    if (data[i + 3] !== 255) opaque = false;
  }
  if (opaque) return { pixels, alpha: null };
  const alpha = floats(height, width);
  for (let k = 0; k < alpha.data.length; k += 1) alpha.data[k] = data[4 * k + 3] / 255;
  return { pixels, alpha };
}

/**
 * How strongly each pixel of a picture marks: how bright it is, times how opaque.
 * @param {Picture} picture
 * @returns {Floats}
 */
export function brightness({ pixels, alpha }) {
  const { data, height, width } = pixels;
  const weights = new Float32Array(height * width);
  for (let k = 0, i = 0; k < weights.length; k += 1, i += 3) {
    const bright = Math.max(data[i], data[i + 1], data[i + 2]) / 255;
    weights[k] = alpha ? bright * alpha.data[k] : bright;
  }
  return new Raster(weights, height, width);
}
