// What a person marked by hand: parts that belong to the subject, and parts that do not.  Inside marks the alpha is
// settled; around those that changed it, nothing is sure any more, so that the refiner looks for the true edge there.

import { Raster, bytes, cut } from "../arrays.js";
import constants from "../constants.json" with { type: "json" };
import { dilate, gaussianBlur } from "./filters.js";
import { resize } from "./geometry.js";

/** @import { Box, Bytes, Floats } from "../arrays.js" */

const { REACH_PX, SIGMA_PX } = constants.marks;

/** A mark counts as one from here on, and changes an alpha that is off by more than this. */
export const { HALF } = constants.marks;

/** Marks on a picture; where both are marked, `clear` counts. */
export class Marks {
  /**
   * @param {Floats | null} keep 1 where the subject is
   * @param {Floats | null} clear 1 where it is not
   */
  constructor(keep, clear) {
    this.keep = keep;
    this.clear = clear;
  }

  /**
   * The same marks on the picture at another size.
   * @param {number} height
   * @param {number} width
   */
  at(height, width) {
    return this.#map((marked) => resize(marked, height, width));
  }

  /**
   * The marks on a part of the picture.
   * @param {Box} box
   */
  inside(box) {
    return this.#map((marked) => cut(marked, box));
  }

  /** Whether anything is marked as the subject. */
  get keeps() {
    return this.keep !== null && this.keep.data.some((weight) => weight > HALF);
  }

  /**
   * @param {Floats} alpha of the marks' size
   * @returns {Floats} settled where it is marked
   */
  apply(alpha) {
    const out = new Raster(alpha.data.slice(), alpha.height, alpha.width);
    const [keep, clear] = [this.keep?.data, this.clear?.data];
    for (let i = 0; i < out.data.length; i += 1) {
      let value = out.data[i];
      if (keep) value += (1 - value) * keep[i];
      if (clear) value *= 1 - clear[i];
      out.data[i] = value;
    }
    return out;
  }

  /**
   * Tells a locator's answer what is marked: around marks that change it, it gets soft and doubtful.
   * @param {Floats} alpha at the locator's resolution, as the marks
   * @param {Bytes | null} uncertainty
   * @returns {{alpha: Floats, uncertainty: Bytes | null}}
   */
  impose(alpha, uncertainty) {
    const { height, width } = alpha;
    const told = this.apply(alpha);
    const [keep, clear] = [this.keep?.data, this.clear?.data];
    const marked = maskOf(height, width, (i) => (keep ? keep[i] > HALF : false) || (clear ? clear[i] > HALF : false));
    const around = maskOf(height, width, (i) => Math.abs(told.data[i] - alpha.data[i]) > HALF);
    const changed = around.data.includes(1);
    const doubt = uncertainty && new Raster(uncertainty.data.slice(), height, width);
    const soft = changed ? gaussianBlur(told, SIGMA_PX) : told;
    if (changed) dilate(around, REACH_PX);
    for (let i = 0; i < told.data.length; i += 1) {
      if (marked.data[i]) {
        if (doubt) doubt.data[i] = 0;
      } else if (around.data[i]) {
        told.data[i] = soft.data[i];
        if (doubt) doubt.data[i] = 255;
      }
    }
    return { alpha: told, uncertainty: doubt };
  }

  /** @param {(marked: Floats) => Floats} change */
  #map(change) {
    return new Marks(this.keep && change(this.keep), this.clear && change(this.clear));
  }
}

/**
 * @param {number} height
 * @param {number} width
 * @param {(index: number) => boolean} isSet
 * @returns {Bytes} 1 where it is set
 */
function maskOf(height, width, isSet) {
  const mask = bytes(height, width);
  for (let i = 0; i < mask.data.length; i += 1) mask.data[i] = isSet(i) ? 1 : 0;
  return mask;
}
