// Neighbourhoods of pixels: dilation, box and Gaussian means, affine maps.  As OpenCV computes them.

import { floats, round } from "../arrays.js";

/** @import { Bytes, Floats } from "../arrays.js" */

/**
 * Sets what lies within a square of `2 * reach + 1` pixels around something that is set, in place.
 * @param {Bytes} mask 0 or 1
 * @param {number} reach
 */
export function dilate({ data, height, width }, reach) {
  const far = -reach - 1;
  const row = new Uint8Array(width);
  for (let y = 0; y < height; y += 1) {
    const start = y * width;
    row.set(data.subarray(start, start + width));
    let last = far;
    for (let x = 0; x < width; x += 1) {
      if (row[x]) last = x;
      else if (x - last <= reach) data[start + x] = 1;
    }
    last = width + reach + 1;
    for (let x = width - 1; x >= 0; x -= 1) {
      if (row[x]) last = x;
      else if (last - x <= reach) data[start + x] = 1;
    }
  }
  const nearest = new Int32Array(width).fill(far);
  // What the pass downwards sets is 2: the pass upwards must not take it for something that was there.
  for (let y = 0; y < height; y += 1) {
    const start = y * width;
    for (let x = 0; x < width; x += 1) {
      if (data[start + x]) nearest[x] = y;
      else if (y - nearest[x] <= reach) data[start + x] = 2;
    }
  }
  nearest.fill(height + reach + 1);
  for (let y = height - 1; y >= 0; y -= 1) {
    const start = y * width;
    for (let x = 0; x < width; x += 1) {
      if (data[start + x] === 1) nearest[x] = y;
      else if (data[start + x] === 2 || nearest[x] - y <= reach) data[start + x] = 1;
    }
  }
}

/**
 * The mean over a square of `2 * radius + 1` pixels, in place; beyond the border its pixels repeat.
 * @param {Float32Array} data `height * width`
 * @param {number} height
 * @param {number} width
 * @param {number} radius
 * @param {Float64Array} scratch at least `height * width`
 */
export function boxMean(data, height, width, radius, scratch) {
  for (let y = 0; y < height; y += 1) {
    const start = y * width;
    const end = start + width - 1;
    let sum = (radius + 1) * data[start];
    for (let k = 1; k <= radius; k += 1) sum += data[Math.min(start + k, end)];
    scratch[start] = sum;
    for (let x = 1; x < width; x += 1) {
      const [enters, leaves] = [start + x + radius, start + x - radius - 1];
      sum += data[enters < end ? enters : end] - data[leaves > start ? leaves : start];
      scratch[start + x] = sum;
    }
  }
  const share = 1 / (2 * radius + 1) ** 2;
  const sums = new Float64Array(width);
  for (let x = 0; x < width; x += 1) sums[x] = (radius + 1) * scratch[x];
  for (let k = 1; k <= radius; k += 1) {
    const row = Math.min(k, height - 1) * width;
    for (let x = 0; x < width; x += 1) sums[x] += scratch[row + x];
  }
  for (let y = 0; y < height; y += 1) {
    const enters = Math.min(y + radius + 1, height - 1) * width;
    const leaves = Math.max(y - radius, 0) * width;
    const start = y * width;
    for (let x = 0; x < width; x += 1) {
      data[start + x] = sums[x] * share;
      sums[x] += scratch[enters + x] - scratch[leaves + x];
    }
  }
}

/**
 * Beyond the border, pixels are mirrored (the last one is not doubled), or the last one repeats.
 * @typedef {"reflect" | "repeat"} Border
 */

/**
 * @param {Floats} plane
 * @param {number} sigma along both axes, or along rows only
 * @param {{down?: number, border?: Border}} how `down`: sigma along columns
 * @returns {Floats}
 */
export function gaussianBlur(plane, sigma, { down = sigma, border = "reflect" } = {}) {
  const { height, width } = plane;
  const across = floats(height, width);
  blurLines(plane.data, across.data, { lines: height, length: width, line: width, step: 1 }, sigma, border);
  const out = floats(height, width);
  blurLines(across.data, out.data, { lines: width, length: height, line: 1, step: width }, down, border);
  return out;
}

/**
 * @param {Float32Array} from
 * @param {Float32Array} to
 * @param {{lines: number, length: number, line: number, step: number}} layout distance between lines, and within them
 * @param {number} sigma
 * @param {Border} border
 */
function blurLines(from, to, { lines, length, line, step }, sigma, border) {
  const reach = Math.floor(round(8 * sigma + 1) / 2);
  const kernel = Float64Array.from({ length: reach + 1 }, (_, k) => Math.exp(-(k * k) / (2 * sigma * sigma)));
  const total = kernel.reduce((sum, weight) => sum + 2 * weight, -kernel[0]);
  for (let k = 0; k <= reach; k += 1) kernel[k] /= total;
  const places = Int32Array.from({ length: length + 2 * reach }, (_, i) => beyond(i - reach, length, border));
  const padded = new Float64Array(length + 2 * reach);
  for (let n = 0; n < lines; n += 1) {
    const start = n * line;
    for (let i = 0; i < padded.length; i += 1) padded[i] = from[start + places[i] * step];
    for (let i = 0; i < length; i += 1) {
      let value = kernel[0] * padded[i + reach];
      for (let k = 1; k <= reach; k += 1) value += kernel[k] * (padded[i + reach - k] + padded[i + reach + k]);
      to[start + i * step] = value;
    }
  }
}

/**
 * @param {number} place
 * @param {number} length
 * @param {Border} border
 * @returns {number} the pixel that counts at a place beyond the border
 */
function beyond(place, length, border) {
  if (border === "repeat") return Math.min(Math.max(place, 0), length - 1);
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const within = ((place % period) + period) % period;
  return within < length ? within : period - within;
}

/**
 * Between which pixels of a grid places lie, for bilinear interpolation along one axis.
 * @param {number} count of places
 * @param {number} length of the grid
 * @param {(i: number) => number} place in pixels of the grid, whose centres are whole numbers
 * @param {Border} border
 * @returns {{low: Int32Array, high: Int32Array, share: Float32Array}} share of `high`
 */
export function between(count, length, place, border) {
  const [low, high, share] = [new Int32Array(count), new Int32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i += 1) {
    const at = place(i);
    const first = Math.floor(at);
    low[i] = beyond(first, length, border);
    high[i] = beyond(first + 1, length, border);
    share[i] = at - first;
  }
  return { low, high, share };
}
