// Pictures as arrays: rows of pixels, channels of a pixel side by side.

/** @typedef {Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>} Samples */

/**
 * Pixels `[top, bottom)` x `[left, right)` of a picture.
 * @typedef {{top: number, bottom: number, left: number, right: number}} Box
 */

/**
 * A picture or a map: `height` rows of `width` pixels of `channels` samples.
 * @template {Samples} [T=Samples]
 */
export class Raster {
  /**
   * @param {T} data `height * width * channels` samples
   * @param {number} height
   * @param {number} width
   * @param {number} channels
   */
  constructor(data, height, width, channels = 1) {
    this.data = data;
    this.height = height;
    this.width = width;
    this.channels = channels;
  }
}

/** @typedef {Raster<Float32Array<ArrayBuffer>>} Floats one channel, in [0, 1] unless said otherwise */
/** @typedef {Raster<Uint8Array<ArrayBuffer>>} Bytes */

/**
 * @param {number} height
 * @param {number} width
 * @returns {Floats} zeros, one channel
 */
export function floats(height, width) {
  return new Raster(new Float32Array(height * width), height, width);
}

/**
 * @param {number} height
 * @param {number} width
 * @param {number} channels
 * @returns {Bytes} zeros
 */
export function bytes(height, width, channels = 1) {
  return new Raster(new Uint8Array(height * width * channels), height, width, channels);
}

/**
 * @template {Samples} T
 * @param {Raster<T>} like
 * @param {number} height
 * @param {number} width
 * @returns {Raster<T>} zeros, of the same type and channels
 */
export function blank(like, height, width) {
  const samples = /** @type {new (length: number) => T} */ (like.data.constructor);
  return new Raster(new samples(height * width * like.channels), height, width, like.channels);
}

/**
 * @template {Samples} T
 * @param {Raster<T>} raster
 * @param {Box} box inside the raster
 * @returns {Raster<T>} a copy of that part
 */
export function cut(raster, { top, bottom, left, right }) {
  const { data, width, channels } = raster;
  const part = blank(raster, bottom - top, right - left);
  const length = (right - left) * channels;
  for (let y = top; y < bottom; y += 1) {
    const start = (y * width + left) * channels;
    part.data.set(data.subarray(start, start + length), (y - top) * length);
  }
  return part;
}

/**
 * Writes a raster into a larger one.
 * @template {Samples} T
 * @param {Raster<T>} onto
 * @param {Raster<T>} part
 * @param {number} top where its first row goes
 * @param {number} left where its first column goes
 */
export function put(onto, part, top, left) {
  const length = part.width * part.channels;
  for (let y = 0; y < part.height; y += 1) {
    onto.data.set(part.data.subarray(y * length, (y + 1) * length), ((top + y) * onto.width + left) * onto.channels);
  }
}

/**
 * The smallest box that holds every sample above a limit.
 * @param {Floats} raster
 * @param {number} limit
 * @returns {Box | null} null if there is none
 */
export function extent({ data, height, width }, limit) {
  let [top, bottom, left, right] = [height, 0, width, 0];
  for (let y = 0; y < height; y += 1) {
    const row = y * width;
    let first = 0;
    while (first < width && !(data[row + first] > limit)) first += 1;
    if (first === width) continue;
    let last = width - 1;
    while (!(data[row + last] > limit)) last -= 1;
    if (top === height) top = y;
    bottom = y + 1;
    if (first < left) left = first;
    if (last >= right) right = last + 1;
  }
  return bottom ? { top, bottom, left, right } : null;
}

/**
 * The nearest whole number; halves go to the even one, as in Python and NumPy.
 * @param {number} value
 */
export function round(value) {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}
