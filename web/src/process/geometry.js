// Fitting a picture to a network's input.  This is the only place that resamples pictures, with the weights of OpenCV's
// area and bilinear interpolation.

import { blank, round } from "../arrays.js";
import { between } from "./filters.js";

/** @import { Box } from "../arrays.js" */

/**
 * @template {import("../arrays.js").Samples} [T=import("../arrays.js").Samples]
 * @typedef {import("../arrays.js").Raster<T>} Raster
 */

/**
 * What goes into each pixel of one axis: source pixels `first[i]`, `first[i] + 1`, ... with weights
 * `weight[i * most]`, ...; there are `count[i]` of them.
 * @typedef {{first: Int32Array, count: Int32Array, weight: Float32Array, most: number}} Taps
 */

// Less than this much of a source pixel does not count, as in OpenCV.
const SLIVER = 1e-3;

/**
 * Resizes a picture: area averaging to shrink, bilinear to grow.
 * @template {import("../arrays.js").Samples} T
 * @param {Raster<T>} raster
 * @param {number} height
 * @param {number} width
 * @returns {Raster<T>} the raster itself if it has that size
 */
export function resize(raster, height, width) {
  if (raster.height === height && raster.width === width) return raster;
  const shrinks = height < raster.height || width < raster.width;
  const averages = height <= raster.height && width <= raster.width;
  const taps = averages ? areaTaps : shrinks ? steppedTaps : linearTaps;
  return resample(raster, taps(raster.height, height), taps(raster.width, width));
}

/**
 * @param {number} value
 * @param {number} multiple
 * @returns {number} the smallest multiple of `multiple` that is at least `value`
 */
export function roundUp(value, multiple) {
  return Math.ceil(value / multiple) * multiple;
}

/**
 * Scales a picture so that its long side is `longSide`, then pads it to a multiple: its last row and column repeat.
 * @template {import("../arrays.js").Samples} T
 * @param {Raster<T>} raster
 * @param {number} longSide
 * @param {number} multiple
 * @returns {{fitted: Raster<T>, innerHeight: number, innerWidth: number}} the picture lies in the top left corner
 */
export function fit(raster, longSide, multiple) {
  const scale = longSide / Math.max(raster.height, raster.width);
  const innerHeight = Math.max(1, round(raster.height * scale));
  const innerWidth = Math.max(1, round(raster.width * scale));
  const inner = resize(raster, innerHeight, innerWidth);
  const fitted = padded(inner, roundUp(innerHeight, multiple), roundUp(innerWidth, multiple));
  return { fitted, innerHeight, innerWidth };
}

/**
 * A part of a map at another, larger size, without resizing the whole; beyond the map its edge repeats.
 * @template {import("../arrays.js").Samples} T
 * @param {Raster<T>} plane one channel
 * @param {Box} ends of the part, as shares of the map; they need not be inside it
 * @param {number} height
 * @param {number} width
 * @returns {Raster<T>}
 */
export function cropResized(plane, ends, height, width) {
  const [growsY, growsX] = [
    height / ((ends.bottom - ends.top) * plane.height),
    width / ((ends.right - ends.left) * plane.width),
  ];
  // Pixel centres sit at +0.5.
  const down = between(height, plane.height, (y) => (y + 0.5) / growsY + ends.top * plane.height - 0.5, "repeat");
  const across = between(width, plane.width, (x) => (x + 0.5) / growsX + ends.left * plane.width - 0.5, "repeat");
  const out = blank(plane, height, width);
  const { data } = plane;
  const rounding = data instanceof Uint8Array ? 0.5 : 0;
  for (let y = 0, i = 0; y < height; y += 1) {
    const [upper, lower, below] = [down.low[y] * plane.width, down.high[y] * plane.width, down.share[y]];
    for (let x = 0; x < width; x += 1, i += 1) {
      const [low, high, right] = [across.low[x], across.high[x], across.share[x]];
      const above = data[upper + low] * (1 - right) + data[upper + high] * right;
      const under = data[lower + low] * (1 - right) + data[lower + high] * right;
      out.data[i] = above * (1 - below) + under * below + rounding;
    }
  }
  return out;
}

/**
 * @template {import("../arrays.js").Samples} T
 * @param {Raster<T>} raster
 * @param {number} height
 * @param {number} width
 * @returns {Raster<T>}
 */
function padded(raster, height, width) {
  if (raster.height === height && raster.width === width) return raster;
  const { channels } = raster;
  const out = blank(raster, height, width);
  for (let y = 0; y < height; y += 1) {
    const from = Math.min(y, raster.height - 1) * raster.width * channels;
    const to = y * width * channels;
    out.data.set(raster.data.subarray(from, from + raster.width * channels), to);
    for (let i = raster.width * channels; i < width * channels; i += 1) out.data[to + i] = out.data[to + i - channels];
  }
  return out;
}

/**
 * @param {number} from
 * @param {number} to
 * @returns {Taps} the mean over the area that a pixel covers
 */
function areaTaps(from, to) {
  const scale = from / to;
  const most = Math.ceil(scale) + 2;
  const taps = { first: new Int32Array(to), count: new Int32Array(to), weight: new Float32Array(to * most), most };
  for (let i = 0; i < to; i += 1) {
    const [start, end] = [i * scale, (i + 1) * scale];
    const cell = Math.min(scale, from - start);
    const last = Math.min(Math.floor(end), from - 1);
    const whole = Math.min(Math.ceil(start), last);
    const weights = [];
    taps.first[i] = whole;
    if (whole - start > SLIVER) {
      taps.first[i] = whole - 1;
      weights.push((whole - start) / cell);
    }
    for (let k = whole; k < last; k += 1) weights.push(1 / cell);
    if (end - last > SLIVER) weights.push(Math.min(end - last, 1, cell) / cell);
    taps.count[i] = weights.length;
    taps.weight.set(weights, i * most);
  }
  return taps;
}

/**
 * @param {number} from
 * @param {number} to
 * @returns {Taps} between the two nearest pixels
 */
function linearTaps(from, to) {
  const scale = from / to;
  return pairTaps(from, to, (i) => {
    const place = (i + 0.5) * scale - 0.5;
    const first = Math.floor(place);
    return [first, place - first];
  });
}

/**
 * Where one side shrinks and the other grows, OpenCV interpolates only as far as a pixel reaches into the next one.
 * @param {number} from
 * @param {number} to
 * @returns {Taps}
 */
function steppedTaps(from, to) {
  const inverse = to / from;
  const scale = 1 / inverse;
  return pairTaps(from, to, (i) => {
    const first = Math.floor(i * scale);
    // In single precision, as there: just below one is one, and counts as nothing.
    const share = Math.fround(i + 1 - (first + 1) * inverse);
    return [first, share <= 0 ? 0 : share - Math.floor(share)];
  });
}

/**
 * @param {number} from
 * @param {number} to
 * @param {(i: number) => [number, number]} place the first of two pixels, and the share of the second
 * @returns {Taps}
 */
function pairTaps(from, to, place) {
  const taps = {
    first: new Int32Array(to),
    count: new Int32Array(to).fill(2),
    weight: new Float32Array(2 * to),
    most: 2,
  };
  for (let i = 0; i < to; i += 1) {
    const [first, share] = place(i);
    const inside = first >= 0 && first < from - 1;
    taps.first[i] = Math.min(Math.max(first, 0), from - 1);
    if (!inside) taps.count[i] = 1;
    taps.weight[2 * i] = inside ? 1 - share : 1;
    taps.weight[2 * i + 1] = inside ? share : 0;
  }
  return taps;
}

/**
 * @template {import("../arrays.js").Samples} T
 * @param {Raster<T>} raster
 * @param {Taps} down
 * @param {Taps} across
 * @returns {Raster<T>}
 */
function resample(raster, down, across) {
  const [height, width, length] = [down.first.length, across.first.length, across.first.length * raster.channels];
  const out = blank(raster, height, width);
  // Neighbouring rows of the result share rows of the source: the last two are kept.
  const kept = [0, 1].map(() => ({ row: -1, values: new Float32Array(length) }));
  const sum = new Float32Array(length);
  const rounding = raster.data instanceof Uint8Array ? 0.5 : 0;
  for (let y = 0; y < height; y += 1) {
    for (let k = 0; k < down.count[y]; k += 1) {
      const row = down.first[y] + k;
      const slot = kept[row % 2];
      if (slot.row !== row) {
        resampleRow(raster, row, across, slot.values);
        slot.row = row;
      }
      const { values } = slot;
      const weight = down.weight[y * down.most + k];
      if (k === 0) for (let i = 0; i < length; i += 1) sum[i] = weight * values[i];
      else for (let i = 0; i < length; i += 1) sum[i] += weight * values[i];
    }
    const { data } = out;
    const start = y * length;
    for (let i = 0; i < length; i += 1) data[start + i] = sum[i] + rounding;
  }
  return out;
}

/**
 * @param {Raster} raster
 * @param {number} row
 * @param {Taps} taps
 * @param {Float32Array} values where the row of the new width goes
 */
function resampleRow({ data, width, channels }, row, { first, count, weight, most }, values) {
  const start = row * width * channels;
  for (let x = 0; x < first.length; x += 1) {
    for (let c = 0; c < channels; c += 1) {
      let place = start + first[x] * channels + c;
      let value = 0;
      for (let k = 0; k < count[x]; k += 1) {
        value += weight[x * most + k] * data[place];
        place += channels;
      }
      values[x * channels + c] = value;
    }
  }
}
