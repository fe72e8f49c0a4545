// Options `keep` and `clear`: what a person marked by hand, as pictures.

import constants from "../constants.json" with { type: "json" };
import { TressError } from "../errors.js";
import { resize } from "../process/geometry.js";

/** @import { Floats } from "../arrays.js" */

const { SAME_SHAPE } = constants["outputs.marks"];

/**
 * Marks at the size of the picture they were made on.
 * @param {Floats} weights of the picture's shape, but perhaps not of its size
 * @param {string} name of the option
 * @param {number} width of the picture, upright
 * @param {number} height
 * @returns {Floats}
 */
export function fitMarks(weights, name, width, height) {
  // Half a pixel of either side may have been rounded away.
  const slack = SAME_SHAPE + 0.5 / weights.width + 0.5 / weights.height + 0.5 / width + 0.5 / height;
  if (Math.abs(Math.log(weights.width / weights.height / (width / height))) > slack) {
    const sizes = `have ${weights.width}x${weights.height} pixels, but the picture has ${width}x${height}`;
    throw new TressError(
      "marks_shape",
      `the marks to ${name} ${sizes}`,
      "draw them on the upright picture, and keep its shape",
    );
  }
  return resize(weights, height, width);
}
