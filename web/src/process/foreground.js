// The subject's own colours in the soft band, so that no halo of the old background stays: blur fusion (Forte 2021,
// https://arxiv.org/abs/2006.14970) as the Python package's `process/foreground.py` does it, step by step.

import { Raster, cut, round } from "../arrays.js";
import constants from "../constants.json" with { type: "json" };
import { between, boxMean } from "./filters.js";
import { resize } from "./geometry.js";

/** @import { Box, Bytes, Floats } from "../arrays.js" */

const { WIDE_LONG_SIDE_PX, WIDE_RADII_PX, NARROW_RADII_PX, BLOCK_PX, OPAQUE, CLEAR } = constants.foreground;
const MARGIN_PX = NARROW_RADII_PX.reduce((sum, radius) => sum + radius);
const EPS = 1e-6;

/**
 * Both colours of each pixel: planes of red, green and blue in [0, 255], one after the other.
 * @typedef {{foreground: Float32Array<ArrayBuffer>, background: Float32Array<ArrayBuffer>}} Layers
 */

/**
 * Estimates the foreground colours of a picture.
 * @param {Bytes} image RGB
 * @param {Floats} alpha
 * @param {() => Promise<void>} pause called now and then; it throws to stop the work
 * @returns {Promise<Bytes>} RGB: the picture itself, except where alpha is soft
 */
export async function estimateForeground(image, alpha, pause) {
  const { height, width } = alpha;
  const result = new Raster(image.data.slice(), height, width, 3);
  /** @type {{means: Layers, height: number, width: number} | null} */
  let wide = null;
  for (let top = 0; top < height; top += BLOCK_PX) {
    await pause();
    for (let left = 0; left < width; left += BLOCK_PX) {
      const block = { top, bottom: Math.min(height, top + BLOCK_PX), left, right: Math.min(width, left + BLOCK_PX) };
      const inner = softExtent(alpha, block);
      if (!inner) continue;
      wide ??= widePass(image, alpha);
      explainBlock(image, alpha, wide, inner, result);
    }
  }
  return result;
}

/** @param {number} alpha */
function isSoft(alpha) {
  return alpha > CLEAR && alpha < OPAQUE;
}

/**
 * @param {Floats} alpha
 * @param {Box} block
 * @returns {Box | null} where in the block there are soft pixels
 */
function softExtent({ data, width }, block) {
  let [top, bottom, left, right] = [block.bottom, -1, block.right, -1];
  for (let y = block.top; y < block.bottom; y += 1) {
    for (let x = block.left; x < block.right; x += 1) {
      if (!isSoft(data[y * width + x])) continue;
      if (y < top) top = y;
      bottom = y + 1;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
    }
  }
  return bottom < 0 ? null : { top, bottom, left, right };
}

/**
 * @param {Bytes} image
 * @param {Floats} alpha
 * @param {{means: Layers, height: number, width: number}} wide
 * @param {Box} inner
 * @param {Bytes} result takes the colours of the soft pixels
 */
function explainBlock(image, alpha, wide, inner, result) {
  const { height, width } = alpha;
  const outer = {
    top: Math.max(0, inner.top - MARGIN_PX),
    bottom: Math.min(height, inner.bottom + MARGIN_PX),
    left: Math.max(0, inner.left - MARGIN_PX),
    right: Math.min(width, inner.right + MARGIN_PX),
  };
  const block = new Work(cut(image, outer), cut(alpha, outer));
  block.explain(sample(wide, outer, alpha));
  for (const radius of NARROW_RADII_PX) {
    block.average(radius);
    block.explain();
  }
  const { foreground } = block.layers;
  for (let y = inner.top; y < inner.bottom; y += 1) {
    for (let x = inner.left; x < inner.right; x += 1) {
      if (!isSoft(alpha.data[y * width + x])) continue;
      const at = (y - outer.top) * block.width + x - outer.left;
      for (let c = 0; c < 3; c += 1) result.data[(y * width + x) * 3 + c] = foreground[c * block.size + at] + 0.5;
    }
  }
}

/**
 * Foreground and background means in wide windows, on a reduced grid.
 * @param {Bytes} image
 * @param {Floats} alpha
 */
function widePass(image, alpha) {
  const scale = Math.min(1, WIDE_LONG_SIDE_PX / Math.max(alpha.height, alpha.width));
  const [height, width] = [alpha.height, alpha.width].map((side) => Math.max(1, round(side * scale)));
  const work = new Work(resize(image, height, width), resize(alpha, height, width));
  let means = work.layers;
  for (const radius of WIDE_RADII_PX) {
    work.average(radius);
    means = { foreground: work.layers.foreground.slice(), background: work.layers.background.slice() };
    work.explain();
  }
  return { means, height, width };
}

/** A picture whose two colours are being worked out. */
class Work {
  /**
   * @param {Bytes} image
   * @param {Floats} alpha
   */
  constructor(image, alpha) {
    this.height = alpha.height;
    this.width = alpha.width;
    this.size = alpha.data.length;
    this.alpha = alpha.data;
    this.image = planes(image);
    /** @type {Layers} */
    this.layers = { foreground: this.image.slice(), background: this.image.slice() };
    this.weight = new Float32Array(this.size);
    this.scratch = new Float64Array(this.size);
  }

  /**
   * Box means of the foreground weighted by alpha and of the background weighted by `1 - alpha`.
   * @param {number} radius
   */
  average(radius) {
    const { alpha, weight } = this;
    weight.set(alpha);
    this.#weightedMean(this.layers.foreground, radius);
    for (let i = 0; i < this.size; i += 1) weight[i] = 1 - alpha[i];
    this.#weightedMean(this.layers.background, radius);
  }

  /**
   * @param {Float32Array} colours
   * @param {number} radius
   */
  #weightedMean(colours, radius) {
    const { height, width, size, weight, scratch } = this;
    for (let c = 0, i = 0; c < 3; c += 1) for (let k = 0; k < size; k += 1, i += 1) colours[i] *= weight[k];
    for (let c = 0; c < 3; c += 1) boxMean(colours.subarray(c * size, (c + 1) * size), height, width, radius, scratch);
    boxMean(weight, height, width, radius, scratch);
    for (let k = 0; k < size; k += 1) {
      const share = 1 / (weight[k] + EPS);
      colours[k] *= share;
      colours[size + k] *= share;
      colours[2 * size + k] *= share;
    }
  }

  /**
   * Moves both colours as little as it takes for their mix to be the picture.
   * @param {Layers} layers to start from
   */
  explain(layers = this.layers) {
    const { image, alpha, size } = this;
    const { foreground, background } = layers;
    for (let k = 0; k < size; k += 1) {
      const a = alpha[k];
      const b = 1 - a;
      const share = 1 / (a * a + b * b);
      for (let i = k; i < 3 * size; i += size) {
        const rest = (image[i] - a * foreground[i] - b * background[i]) * share;
        foreground[i] = within(foreground[i] + a * rest);
        background[i] = within(background[i] + b * rest);
      }
    }
    this.layers = layers;
  }
}

/** @param {number} value */
function within(value) {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** @param {Bytes} image RGB */
function planes({ data, height, width }) {
  const size = height * width;
  const out = new Float32Array(3 * size);
  for (let k = 0, i = 0; k < size; k += 1, i += 3) {
    out[k] = data[i];
    out[size + k] = data[i + 1];
    out[2 * size + k] = data[i + 2];
  }
  return out;
}

/**
 * The reduced grids, bilinearly upsampled, for a part of the picture.
 * @param {{means: Layers, height: number, width: number}} grid
 * @param {Box} part
 * @param {{height: number, width: number}} picture
 * @returns {Layers}
 */
function sample(grid, part, picture) {
  const [scaleY, scaleX] = [grid.height / picture.height, grid.width / picture.width];
  const [height, width] = [part.bottom - part.top, part.right - part.left];
  const down = between(height, grid.height, (i) => (part.top + i + 0.5) * scaleY - 0.5, "repeat");
  const across = between(width, grid.width, (i) => (part.left + i + 0.5) * scaleX - 0.5, "repeat");
  /** @param {Float32Array} means */
  const grow = (means) => {
    const out = new Float32Array(3 * height * width);
    for (let c = 0, i = 0; c < 3; c += 1) {
      const plane = c * grid.height * grid.width;
      for (let y = 0; y < height; y += 1) {
        const [upper, lower] = [plane + down.low[y] * grid.width, plane + down.high[y] * grid.width];
        const below = down.share[y];
        for (let x = 0; x < width; x += 1, i += 1) {
          const [low, high, right] = [across.low[x], across.high[x], across.share[x]];
          const top = means[upper + low] + right * (means[upper + high] - means[upper + low]);
          const bottom = means[lower + low] + right * (means[lower + high] - means[lower + low]);
          out[i] = top + below * (bottom - top);
        }
      }
    }
    return out;
  };
  return { foreground: grow(grid.means.foreground), background: grow(grid.means.background) };
}
