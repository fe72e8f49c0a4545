// Option `feather`: a softer edge.

import { round } from "../arrays.js";
import constants from "../constants.json" with { type: "json" };
import { gaussianBlur } from "../process/filters.js";
import { resize } from "../process/geometry.js";

/** @import { Floats } from "../arrays.js" */

const { SIGMA_PX } = constants["outputs.feather"];

/**
 * Fades alpha from 0 on its old edge to 1 about `feather` pixels further in; alpha never grows.
 * @param {Floats} alpha
 * @param {number} feather in pixels; 0 gives `alpha` back
 * @returns {Floats}
 */
export function feathered(alpha, feather) {
  if (feather === 0) return alpha;
  const { height, width } = alpha;
  // Wide blurs are worked out on a smaller picture; they are smooth enough to be enlarged.
  const shrink = Math.max(1, feather / 2 / SIGMA_PX);
  const small = resize(alpha, Math.max(1, round(height / shrink)), Math.max(1, round(width / shrink)));
  // Blurred, a straight edge is 0.5 on the edge and about 1 two sigmas further in.
  const soft = resize(gaussianBlur(small, feather / 2 / shrink, { border: "repeat" }), height, width);
  for (let i = 0; i < soft.data.length; i += 1) {
    soft.data[i] = Math.min(alpha.data[i], Math.max(0, 2 * soft.data[i] - 1));
  }
  return soft;
}
