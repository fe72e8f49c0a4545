// A closer look: where the subject is looked at once more, and how both answers become one.

import { Raster, extent, floats, round } from "../arrays.js";
import constants from "../constants.json" with { type: "json" };
import { resize } from "./geometry.js";

/** @import { Box, Floats } from "../arrays.js" */

const { MARGIN, ENLARGED, FADE, SUBJECT_ALPHA } = constants.closer;

/** @param {Box} box */
export function longSide({ top, bottom, left, right }) {
  return Math.max(bottom - top, right - left);
}

/**
 * The same box in the picture at another size.
 * @param {Box} box
 * @param {number} scale
 * @returns {Box}
 */
export function scaled({ top, bottom, left, right }, scale) {
  return {
    top: round(top * scale),
    bottom: round(bottom * scale),
    left: round(left * scale),
    right: round(right * scale),
  };
}

/**
 * The subject with a margin.
 * @param {Floats} alpha the answer to the whole picture
 * @param {{height: number, width: number}} size of the picture
 * @param {number} smallestShare no box is shorter than this share of the picture's long side
 * @returns {Box | null} null if there is no subject
 */
export function subjectBox(alpha, size, smallestShare) {
  const subject = extent(alpha, SUBJECT_ALPHA);
  if (!subject) return null;
  const [down, across] = [size.height / alpha.height, size.width / alpha.width];
  const [top, bottom] = [subject.top * down, subject.bottom * down];
  const [left, right] = [subject.left * across, subject.right * across];
  const long = Math.max(bottom - top, right - left);
  const longest = Math.max(size.height, size.width);
  const margin = Math.max(MARGIN * long, (smallestShare * longest - long) / 2);
  return {
    top: Math.max(0, Math.trunc(top - margin)),
    bottom: Math.min(size.height, Math.ceil(bottom + margin)),
    left: Math.max(0, Math.trunc(left - margin)),
    right: Math.min(size.width, Math.ceil(right + margin)),
  };
}

/**
 * The long side of the box at the second look: as wanted, less for small boxes, but as at the first look.
 * @param {Box} box
 * @param {number} secondLook px
 * @param {number} firstLook px
 */
export function nearSide(box, secondLook, firstLook) {
  return Math.min(secondLook, Math.max(firstLook, round(ENLARGED * longSide(box))));
}

/**
 * How large the merged answer is, as a share of the picture: as fine as the closer look.
 * @param {Box} box
 * @param {{height: number, width: number}} near
 */
export function closerScale(box, near) {
  return Math.min(1, Math.max(near.height, near.width) / longSide(box));
}

/**
 * How much the closer look counts: 1 in the middle of the box, 0 at those of its sides that lie inside the picture.
 * @param {Box} box
 * @param {{height: number, width: number}} size of the picture
 * @returns {Floats} of the box's size
 */
export function fade(box, size) {
  const margin = Math.max(1, round(FADE * longSide(box)));
  const down = ramp(box.bottom - box.top, margin, box.top > 0, box.bottom < size.height);
  const across = ramp(box.right - box.left, margin, box.left > 0, box.right < size.width);
  const weight = floats(down.length, across.length);
  for (let y = 0, i = 0; y < down.length; y += 1) {
    for (let x = 0; x < across.length; x += 1, i += 1) weight.data[i] = Math.min(down[y], across[x]);
  }
  return weight;
}

/**
 * Lays `near`, resized to `box`, over `far` by `weight`.
 * @param {Raster} far
 * @param {Raster} near
 * @param {Box} box
 * @param {Floats} weight of the box's size
 * @returns {Floats} of the size of `far`
 */
export function paste(far, near, box, weight) {
  const out = new Raster(Float32Array.from(far.data), far.height, far.width);
  const patch = resize(near, weight.height, weight.width);
  for (let y = 0, i = 0; y < weight.height; y += 1) {
    let place = (box.top + y) * out.width + box.left;
    for (let x = 0; x < weight.width; x += 1, i += 1, place += 1) {
      out.data[place] += weight.data[i] * (patch.data[i] - out.data[place]);
    }
  }
  return out;
}

/**
 * @param {number} length
 * @param {number} margin
 * @param {boolean} fadesIn
 * @param {boolean} fadesOut
 */
function ramp(length, margin, fadesIn, fadesOut) {
  return Float32Array.from({ length }, (_, i) =>
    Math.min(1, fadesIn ? i / margin : 1, fadesOut ? (length - 1 - i) / margin : 1),
  );
}
