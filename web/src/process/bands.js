// The unknown band: the pixels whose alpha is still to be found.

import { bytes, round } from "../arrays.js";
import constants from "../constants.json" with { type: "json" };
import { dilate } from "./filters.js";

/** @import { Bytes, Floats } from "../arrays.js" */

const { SOFT_LOW, SOFT_HIGH, UNSURE } = constants.bands;

// How far from what the locator doubts the true edge may lie, in the locator's pixels; less once the refiner was there.
export const { REACH_FIRST, REACH_LATER } = constants.bands;

/**
 * Where the alpha is soft, or the locator is not sure of it, widened by `reach` pixels.
 * @param {Floats} alpha
 * @param {Bytes | null} uncertainty 255 stands for 1; null if nothing is known of it
 * @param {number} reach
 * @returns {Bytes} 1 inside the band, else 0
 */
export function unknownBand(alpha, uncertainty, reach) {
  const band = bytes(alpha.height, alpha.width);
  const unsure = uncertainty ? round(255 * UNSURE) : 0;
  for (let i = 0; i < band.data.length; i += 1) {
    const value = alpha.data[i];
    const soft = value > SOFT_LOW && value < SOFT_HIGH;
    band.data[i] = soft || (uncertainty !== null && uncertainty.data[i] > unsure) ? 1 : 0;
  }
  if (reach > 0) dilate(band, reach);
  return band;
}
