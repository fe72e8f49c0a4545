// Lengths in pixels or in percent.

const LENGTH = /^(\d+(?:\.\d+)?)\s*(px|%)?$/;

/** @typedef {{value: number, percent: boolean}} Length pixels, or percent of something that the option names */

/**
 * Understands `12`, `12px` and `12%`.
 * @param {string} text
 * @returns {Length | null} null if it is none of them
 */
export function readLength(text) {
  const match = LENGTH.exec(text.trim().toLowerCase());
  return match && { value: Number(match[1]), percent: match[2] === "%" };
}

/**
 * @param {Length} length
 * @param {number} whole what 100 % is, in pixels
 */
export function lengthOf({ value, percent }, whole) {
  return percent ? (whole * value) / 100 : value;
}

/**
 * @param {string} text
 * @returns {string[]} its parts, between blanks or commas
 */
export function words(text) {
  return text.replaceAll(",", " ").split(/\s+/).filter(Boolean);
}
