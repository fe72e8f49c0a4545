// locate + refine: the algorithm, as in the Python package's `matting.py`, one function for each of its functions.

import { Raster, blank, cut, floats, round } from "./arrays.js";
import constants from "./constants.json" with { type: "json" };
import { REACH_FIRST, REACH_LATER, unknownBand } from "./process/bands.js";
import { closerScale, fade, nearSide, paste, scaled, subjectBox } from "./process/closer.js";
import { expectedIou } from "./process/confidence.js";
import { cropResized, fit, resize } from "./process/geometry.js";
import { TILE, addChange, readTile, tilesOn } from "./process/tiles.js";

/**
 * @import { Box, Bytes, Floats } from "./arrays.js"
 * @import { Network } from "./engine.js"
 * @import { Marks } from "./process/marks.js"
 */

const { MAX_STEP, SETTLED, MAX_TILES, FOUND_PRESENCE, FOUND_SHARE } = constants.matting;
const { NO_PRIOR, SMALLEST_SHARE } = constants.closer;
// Tiles a run of the refiner takes: what bounds its memory, and how long a cancelled picture goes on.
const TILE_BATCH = 8;
const BYTE = 1 / 255;

/**
 * The locator's answer at its own resolution.
 * @typedef {{alpha: Floats, uncertainty: Bytes | null, presence: number | null}} Located
 */

/** @typedef {{fitted: Bytes, innerHeight: number, innerWidth: number}} Fit */

/**
 * What goes with a run.
 * @typedef {object} Run
 * @property {Network} locator
 * @property {Network} refiner
 * @property {() => Promise<void>} pause called between steps: lets messages in, and throws to stop the work
 * @property {(done: number) => void} onProgress from 0 to 1
 */

/**
 * The alpha of a picture with what is known about it.
 * @typedef {object} Estimate
 * @property {Floats} alpha
 * @property {boolean} found
 * @property {number} confidence
 * @property {{locate: number, refine: number}} seconds
 * @property {string[]} warnings
 */

/**
 * Finds the subject of a picture.
 * @param {Bytes} image RGB, sRGB, upright
 * @param {Run} run
 * @param {Marks | null} marks what a person says, of the picture's size
 * @returns {Promise<Estimate>}
 */
export async function estimateAlpha(image, run, marks = null) {
  const started = performance.now();
  let located = await locate(image, run);
  let found = isFound(located);
  let confidence = expectedIou(located.alpha) * (located.presence ?? 1);
  if (!found && marks?.keeps) {
    [found, confidence] = [true, 1];
    located = {
      ...located,
      alpha: blank(located.alpha, located.alpha.height, located.alpha.width),
      uncertainty: located.uncertainty && blank(located.uncertainty, located.alpha.height, located.alpha.width),
    };
  } else if (found) {
    located = await lookAgain(image, located, run);
  }
  const seconds = { locate: (performance.now() - started) / 1000, refine: 0 };
  if (!found) {
    // No subject, no cut-out: faint guesses in an empty picture are noise.
    return {
      alpha: floats(image.height, image.width),
      found,
      confidence: 1 - (located.presence ?? 0),
      seconds,
      warnings: [],
    };
  }
  if (marks) {
    const { height, width } = located.alpha;
    located = { ...located, ...marks.at(height, width).impose(located.alpha, located.uncertainty) };
  }
  const refineStarted = performance.now();
  const { alpha, warnings } = await refine(image, located, run, marks);
  seconds.refine = (performance.now() - refineStarted) / 1000;
  return { alpha, found, confidence, seconds, warnings };
}

/**
 * Runs the locator on the whole picture.
 * @param {Bytes} image
 * @param {Run} run
 * @returns {Promise<Located>}
 */
export async function locate(image, { locator, pause }) {
  const { spec } = locator;
  const placed = fit(image, spec.long_side_px, spec.multiple);
  const input = planes(placed.fitted, spec.second_look_px ? NO_PRIOR.length : 0);
  if (spec.second_look_px) {
    const size = placed.fitted.height * placed.fitted.width;
    NO_PRIOR.forEach((value, i) => input.fill(value, (3 + i) * size, (4 + i) * size));
  }
  await pause();
  return lookAt(input, placed, locator);
}

/**
 * Runs the locator, and reads its answer without what was added to the picture.
 * @param {Float32Array} input
 * @param {Fit} fit
 * @param {Network} locator
 * @returns {Promise<Located>}
 */
async function lookAt(input, { fitted, innerHeight, innerWidth }, locator) {
  const { spec } = locator;
  const { height, width } = fitted;
  const outputs = await locator.run(input, [1, input.length / (height * width), height, width]);
  const inside = { top: 0, bottom: innerHeight, left: 0, right: innerWidth };
  /** @param {number} index */
  const plane = (index) => cut(new Raster(outputs[index], height, width), inside);
  const doubt = spec.has_uncertainty ? plane(1) : null;
  const uncertainty =
    doubt &&
    new Raster(
      Uint8Array.from(doubt.data, (u) => u * 255 + 0.5),
      innerHeight,
      innerWidth,
    );
  return { alpha: plane(0), uncertainty, presence: spec.has_presence ? outputs[2][0] : null };
}

/**
 * Locates the subject once more, finer, in a box around it, with the first answer as the prior.
 * @param {Bytes} image
 * @param {Located} located
 * @param {Run} run
 * @returns {Promise<Located>} both answers merged, as fine as the second one but no finer than the picture; `located`
 *   itself if the locator was not made to look twice, or there is no subject
 */
export async function lookAgain(image, located, { locator, pause }) {
  const { spec } = locator;
  if (!spec.second_look_px || !located.uncertainty) return located;
  const whole = subjectBox(located.alpha, image, SMALLEST_SHARE);
  if (!whole) return located;
  const side = nearSide(whole, spec.second_look_px, spec.long_side_px);
  const placed = fit(cut(image, whole), side, spec.multiple);
  await pause();
  const near = await lookAt(withPrior(placed, located, located.uncertainty, whole, image), placed, locator);
  const scale = closerScale(whole, near.alpha);
  const [height, width] = [image.height, image.width].map((side) => Math.max(1, round(side * scale)));
  const box = scaled(whole, scale);
  // A strip of a picture may be so narrow that nothing of it is left.
  if (!near.uncertainty || box.top === box.bottom || box.left === box.right) return located;
  const weight = fade(box, { height, width });
  const alpha = paste(resize(located.alpha, height, width), near.alpha, box, weight);
  const doubt = paste(resize(located.uncertainty, height, width), near.uncertainty, box, weight);
  return {
    alpha,
    uncertainty: new Raster(
      Uint8Array.from(doubt.data, (u) => u + 0.5),
      height,
      width,
    ),
    presence: located.presence,
  };
}

/**
 * What the second look sees: the box, and what the first look says of the same pixels.
 * @param {Fit} placed the box at the second look's size
 * @param {Located} located
 * @param {Bytes} uncertainty of the first look
 * @param {Box} box in the picture
 * @param {{height: number, width: number}} image
 * @returns {Float32Array}
 */
function withPrior({ fitted, innerHeight, innerWidth }, located, uncertainty, box, image) {
  const { height, width } = fitted;
  // What was added on the right and below lies beyond the box: the prior goes on there, as the picture does.
  const [top, left] = [box.top / image.height, box.left / image.width];
  const down = (box.bottom / image.height - top) * (height / innerHeight);
  const across = (box.right / image.width - left) * (width / innerWidth);
  const ends = { top, bottom: top + down, left, right: left + across };
  const input = planes(fitted, NO_PRIOR.length);
  input.set(cropResized(located.alpha, ends, height, width).data, 3 * height * width);
  const doubt = cropResized(uncertainty, ends, height, width).data;
  input.set(
    Float32Array.from(doubt, (u) => u * BYTE),
    4 * height * width,
  );
  return input;
}

/**
 * Whether there is a subject, by the presence head or else by the alpha itself.
 * @param {Located} located
 */
export function isFound({ alpha, presence }) {
  const covered = alpha.data.reduce((count, value) => count + (value > 0.5 ? 1 : 0), 0) / alpha.data.length;
  return presence === null ? covered > FOUND_SHARE : presence >= FOUND_PRESENCE && covered > 0;
}

/**
 * Grows the located alpha to the picture's size, refining the unknown band after each step.
 * @param {Bytes} image
 * @param {Located} located
 * @param {Run} run
 * @param {Marks | null} marks
 * @returns {Promise<{alpha: Floats, warnings: string[]}>}
 */
export async function refine(image, located, run, marks) {
  /** @param {Floats} alpha */
  const finished = (alpha) => (marks ? marks.apply(settle(alpha)) : settle(alpha));
  let { alpha, uncertainty } = located;
  let reach = REACH_FIRST;
  for (const [height, width] of growth(alpha, image)) {
    await run.pause();
    const step = height / alpha.height;
    alpha = resize(alpha, height, width);
    uncertainty = uncertainty && resize(uncertainty, height, width);
    if (marks) alpha = marks.at(height, width).apply(alpha);
    const band = unknownBand(alpha, uncertainty, Math.max(1, round(reach * step)));
    reach = REACH_LATER;
    const tiles = tilesOn(band);
    if (tiles.length > MAX_TILES) {
      const warning = `the edge is unsure almost everywhere; refined at ${width}x${height} at most`;
      return { alpha: finished(resize(alpha, image.height, image.width)), warnings: [warning] };
    }
    alpha = await refineBand(resize(image, height, width), alpha, uncertainty, band, tiles, run);
  }
  return { alpha: finished(alpha), warnings: [] };
}

/**
 * Stretches `[SETTLED, 1 - SETTLED]` to `[0, 1]`, in place.
 * @param {Floats} alpha
 */
export function settle(alpha) {
  const { data } = alpha;
  const scale = 1 / (1 - 2 * SETTLED);
  for (let i = 0; i < data.length; i += 1) data[i] = Math.min(1, Math.max(0, (data[i] - SETTLED) * scale));
  return alpha;
}

/**
 * Sizes from the locator's to the picture's, in steps of at most `MAX_STEP`, at least one.
 * @param {{height: number, width: number}} start
 * @param {{height: number, width: number}} end
 * @returns {[number, number][]} height and width
 */
export function growth(start, end) {
  const total = Math.max(end.height / start.height, end.width / start.width, 1);
  const steps = Math.max(1, Math.ceil(Math.log(total) / Math.log(MAX_STEP) - 1e-9));
  const factor = total ** (1 / steps);
  /** @type {[number, number][]} */
  const sizes = [];
  for (let k = steps - 1; k > 0; k -= 1) {
    sizes.push([Math.max(1, round(end.height / factor ** k)), Math.max(1, round(end.width / factor ** k))]);
  }
  return [...sizes, [end.height, end.width]];
}

/**
 * Rewrites alpha inside the band; pixels outside keep their value exactly.
 * @param {Bytes} image
 * @param {Floats} alpha
 * @param {Bytes | null} uncertainty null: unsure in the band, sure elsewhere
 * @param {Bytes} band
 * @param {import("./process/tiles.js").Tile[]} tiles that cover the band
 * @param {Run} run
 * @returns {Promise<Floats>}
 */
export async function refineBand(image, alpha, uncertainty, band, tiles, { refiner, pause, onProgress }) {
  const size = TILE * TILE;
  const result = new Raster(alpha.data.slice(), alpha.height, alpha.width);
  for (let start = 0; start < tiles.length; start += TILE_BATCH) {
    await pause();
    const group = tiles.slice(start, start + TILE_BATCH);
    const input = new Float32Array(group.length * 5 * size);
    for (const [n, tile] of group.entries()) {
      const at = n * 5 * size;
      for (let c = 0; c < 3; c += 1) readTile(image, c, tile, input, at + c * size, BYTE);
      readTile(alpha, 0, tile, input, at + 3 * size, 1);
      readTile(uncertainty ?? band, 0, tile, input, at + 4 * size, uncertainty ? BYTE : 1);
    }
    const [refined] = await refiner.run(input, [group.length, 5, TILE, TILE]);
    for (const [n, tile] of group.entries())
      addChange(result, refined, input, n * size, (n * 5 + 3) * size, tile, band);
    onProgress(Math.min(1, (start + TILE_BATCH) / tiles.length));
  }
  return result;
}

/**
 * @param {Bytes} image RGB
 * @param {number} more planes to leave room for
 * @returns {Float32Array<ArrayBuffer>} planes of red, green and blue, in [0, 1]
 */
function planes({ data, height, width }, more) {
  const size = height * width;
  const out = new Float32Array((3 + more) * size);
  for (let k = 0, i = 0; k < size; k += 1, i += 3) {
    out[k] = data[i] * BYTE;
    out[size + k] = data[i + 1] * BYTE;
    out[2 * size + k] = data[i + 2] * BYTE;
  }
  return out;
}
