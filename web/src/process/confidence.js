// What an alpha says about how good it is itself.

/** @import { Floats } from "../arrays.js" */

/**
 * The IoU that the mask `alpha > 0.5` may expect if every alpha is the true chance of its pixel.
 * @param {Floats} alpha
 * @returns {number}
 */
export function expectedIou({ data }) {
  let [hit, inside, outside] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 1) {
    if (data[i] > 0.5) {
      hit += data[i];
      inside += 1;
    } else outside += data[i];
  }
  const either = inside + outside;
  return either ? hit / either : 0;
}
