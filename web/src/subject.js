// From a picture to its alpha: decodes, matches marks and region to it, and runs the algorithm.

import { cut, floats, put } from "./arrays.js";
import { brightness, decode } from "./io/decode.js";
import { estimateAlpha } from "./matting.js";
import { fitMarks } from "./outputs/marks.js";
import { regionBox } from "./outputs/region.js";
import { HALF, Marks } from "./process/marks.js";

/**
 * @import { Floats } from "./arrays.js"
 * @import { Run } from "./matting.js"
 * @import { Found, Wanted } from "./protocol.js"
 */

/**
 * @param {Wanted} wanted
 * @param {Run} run
 * @returns {Promise<Found>}
 */
export async function findSubject(wanted, run) {
  const started = performance.now();
  const picture = await decode(wanted.image, wanted.maxMegapixels);
  const { height, width } = picture.pixels;
  /** @type {string[]} */
  const warnings = [];
  /**
   * @param {"keep" | "clear"} name
   * @returns {Promise<Floats | null>}
   */
  const readMarks = async (name) => {
    const source = wanted[name];
    if (!source) return null;
    const weights = brightness(await decode(source, wanted.maxMegapixels));
    if (!weights.data.some((weight) => weight > HALF)) warnings.push(`nothing is marked to ${name}; marks are bright`);
    return fitMarks(weights, name, width, height);
  };
  const [keep, clear] = [await readMarks("keep"), await readMarks("clear")];
  let marks = keep || clear ? new Marks(keep, clear) : null;
  const decoded = (performance.now() - started) / 1000;
  let { pixels } = picture;
  const box = wanted.region === null ? null : regionBox(wanted.region, width, height);
  if (box) {
    pixels = cut(pixels, box);
    marks &&= marks.inside(box);
  }
  const estimate = await estimateAlpha(pixels, run, marks);
  let { alpha } = estimate;
  if (box) {
    const whole = floats(height, width);
    put(whole, alpha, box.top, box.left);
    alpha = whole;
  }
  if (picture.alpha) for (let i = 0; i < alpha.data.length; i += 1) alpha.data[i] *= picture.alpha.data[i];
  return {
    width,
    height,
    image: picture.pixels.data,
    alpha: alpha.data,
    found: estimate.found,
    confidence: estimate.confidence,
    seconds: { decode: decoded, ...estimate.seconds },
    warnings: [...warnings, ...estimate.warnings],
  };
}
