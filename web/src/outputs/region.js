// Option `region`: the part of the photo in which the subject is looked for.

import { round } from "../arrays.js";
import { TressError } from "../errors.js";
import { lengthOf, readLength, words } from "./lengths.js";

/** @import { Box } from "../arrays.js" */
/** @import { Length } from "./lengths.js" */

/**
 * Two corners (left, top, right, bottom): numbers in pixels, or text that may have percentages (`"10% 20% 60% 100%"`).
 * @typedef {string | [number, number, number, number]} RegionInput
 */

/**
 * @param {RegionInput} region
 * @param {number} width of the upright photo
 * @param {number} height
 * @returns {Box}
 */
export function regionBox(region, width, height) {
  const text = typeof region === "string" ? region : region.join(" ");
  const corners = words(text).map(readLength);
  if (corners.length !== 4 || corners.includes(null)) {
    throw new TressError(
      "option_value",
      `region is '${text}', but it must be two corners such as 10% 20% 60% 100% or 20 0 60 40 (left top right bottom)`,
    );
  }
  const ends = /** @type {Length[]} */ (corners).map((length, i) => round(lengthOf(length, i % 2 ? height : width)));
  const [left, right] = [Math.min(ends[0], ends[2]), Math.max(ends[0], ends[2])];
  const [top, bottom] = [Math.min(ends[1], ends[3]), Math.max(ends[1], ends[3])];
  if (right > width || bottom > height) {
    throw new TressError(
      "region_outside",
      `the region ${text} reaches beyond the picture of ${width}x${height} pixels`,
      "give corners inside it, or percentages",
    );
  }
  if (left === right || top === bottom)
    throw new TressError("region_empty", `the region ${text} holds no pixel of the picture`);
  return { top, bottom, left, right };
}
