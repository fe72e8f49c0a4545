// All output options together, read from text as the page's form gives them.  What each means says the Python package,
// where they are declared.

import constants from "../constants.json" with { type: "json" };
import { TressError } from "../errors.js";
import { readColour } from "./colour.js";
import { readLength, words } from "./lengths.js";

/** @import { Colour } from "./colour.js" */
/** @import { Length } from "./lengths.js" */

/**
 * Options by name, as text; a background may be a picture.  `true`, `false` and numbers are understood too.
 * @typedef {Record<string, string | number | boolean | Blob>} Values
 */

/** @typedef {{kind: "canvas", width: number, height: number}} Canvas */
/** @typedef {Canvas | {kind: "side", pixels: number} | {kind: "area", megapixels: number}} Size */
/** @typedef {{kind: "blur", percent: number} | {kind: "picture", blob: Blob}} Scene */
/** @typedef {Scene | ({kind: "colour"} & Colour)} Background */
/** @typedef {{top: Length, right: Length, bottom: Length, left: Length}} Margin */
/** @typedef {{x: number, y: number, original: boolean}} Position percentages */

/**
 * @typedef {object} Options
 * @property {Background | null} background
 * @property {boolean} mask
 * @property {string} shadow
 * @property {number} feather
 * @property {boolean} decontaminate
 * @property {boolean} crop
 * @property {Margin} margin
 * @property {Size | null} size
 * @property {number | null} scale
 * @property {Position | null} position
 * @property {"png" | "webp" | "jpeg"} format
 * @property {number | null} quality
 * @property {boolean} lossless
 */

const { MAX_MEGAPIXELS } = constants["outputs.size"];
const NOTHING = { value: 0, percent: false };

/** @type {Options} */
const DEFAULTS = {
  background: null,
  mask: false,
  shadow: "none",
  feather: 0,
  decontaminate: true,
  crop: false,
  margin: { top: NOTHING, right: NOTHING, bottom: NOTHING, left: NOTHING },
  size: null,
  scale: null,
  position: null,
  format: "png",
  quality: null,
  lossless: false,
};

/** @type {{[N in keyof Options]: (text: string) => Options[N]}} each throws words that complete "it must be ..." */
const READ = {
  background: readBackground,
  mask: readFlag,
  shadow: (text) =>
    readChoice(text, ["none", ...Object.keys(constants["outputs.shadow"].SHAPES)], { true: "drop", false: "none" }),
  feather: (text) => readNumber(text, 0, 100, "px"),
  decontaminate: readFlag,
  crop: readFlag,
  margin: readMargin,
  size: readSize,
  scale: (text) => readNumber(text, 1, 100, "%"),
  position: readPosition,
  format: (text) =>
    /** @type {Options["format"]} */ (readChoice(text, ["png", "webp", "jpeg"], { jpg: "jpeg", auto: "png" })),
  quality: (text) => readNumber(text, 1, 100, ""),
  lossless: readFlag,
};

/**
 * @param {Values} values
 * @returns {Options}
 */
export function parse(values) {
  /** @type {Record<string, unknown>} */
  const read = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === "") continue;
    if (!(name in READ)) throw new TressError("option_unknown", `there is no option '${name}' on this device`);
    if (value instanceof Blob) {
      if (name !== "background") throw new TressError("option_value", `${name} is a file, but it must be text`);
      read[name] = { kind: "picture", blob: value };
      continue;
    }
    try {
      read[name] = READ[/** @type {keyof Options} */ (name)](String(value).trim().toLowerCase());
    } catch (wanted) {
      throw new TressError("option_value", `${name} is '${value}', but it must be ${wanted}`);
    }
  }
  const options = { ...DEFAULTS, ...read };
  if (options.format === "jpeg" && !isOpaque(options)) {
    throw new TressError(
      "jpeg_transparent",
      "jpeg cannot store a transparent picture",
      "choose png or webp, or give a background such as white",
    );
  }
  if (options.mask && (options.background || options.shadow !== "none")) {
    throw new TressError("option_conflict", "a mask has no background and no shadow", "leave them out");
  }
  return options;
}

/**
 * Whether the result has no transparency.
 * @param {Options} options
 */
export function isOpaque({ mask, background }) {
  return mask || (background !== null && !(background.kind === "colour" && background.alpha < 1));
}

/** @param {string} text */
function readFlag(text) {
  if (["true", "yes", "on", "1"].includes(text)) return true;
  if (["false", "no", "off", "0"].includes(text)) return false;
  throw "true or false";
}

/**
 * @param {string} text
 * @param {string[]} choices
 * @param {Record<string, string>} aliases
 */
function readChoice(text, choices, aliases) {
  const word = aliases[text] ?? text;
  if (!choices.includes(word)) throw `one of ${choices.join(", ")}`;
  return word;
}

/**
 * @param {string} text
 * @param {number} low
 * @param {number} high
 * @param {string} unit
 */
function readNumber(text, low, high, unit) {
  const plain = unit && text.endsWith(unit) ? text.slice(0, -unit.length).trim() : text;
  const value = /^\d+(\.\d+)?$/.test(plain) ? Number(plain) : NaN;
  if (!(low <= value && value <= high)) throw `a number from ${low} to ${high}${unit && ` (${unit})`}`;
  return value;
}

/**
 * @param {string} text
 * @returns {Background | null}
 */
function readBackground(text) {
  const blur = /^blur(?::(\d+(?:\.\d+)?)%?)?$/.exec(text);
  if (blur) {
    const percent = blur[1] === undefined ? 2 : Number(blur[1]);
    if (percent < 0.1 || percent > 20) throw "blur:0.1% to blur:20%";
    return { kind: "blur", percent };
  }
  const colour = readColour(text);
  if (!colour) throw "a CSS colour, blur, blur:N% or a picture file";
  return colour.alpha === 0 ? null : { kind: "colour", ...colour };
}

/**
 * One to four lengths, as in CSS: what is not given repeats the opposite side.
 * @param {string} text
 * @returns {Margin}
 */
function readMargin(text) {
  const lengths = words(text).map((part) => readLength(part));
  const [top, right = top, bottom = top, left = right] = lengths;
  if (!top || !right || !bottom || !left || lengths.length > 4) {
    throw "one to four lengths such as 20px or 5% (all; top/bottom left/right; top right bottom left)";
  }
  const sides = { top, right, bottom, left };
  if (Object.values(sides).some(({ value, percent }) => value > (percent ? 100 : 5000)))
    throw "lengths of at most 100% or 5000px";
  return sides;
}

/**
 * @param {string} text
 * @returns {Size}
 */
function readSize(text) {
  const canvas = /^(\d{1,9})\s*[x×]\s*(\d{1,9})$/.exec(text);
  if (canvas) {
    const [width, height] = [Number(canvas[1]), Number(canvas[2])];
    if (!width || !height || width * height > MAX_MEGAPIXELS * 1e6)
      throw `at least one pixel a side and at most ${MAX_MEGAPIXELS} megapixels`;
    return { kind: "canvas", width, height };
  }
  const side = /^(\d{1,9})\s*(?:px)?$/.exec(text);
  if (side && Number(side[1])) return { kind: "side", pixels: Number(side[1]) };
  const area = /^(\d+(?:\.\d+)?|\.\d+)\s*mp$/.exec(text);
  if (area && Number(area[1]) >= 0.0001 && Number(area[1]) <= MAX_MEGAPIXELS)
    return { kind: "area", megapixels: Number(area[1]) };
  throw "WIDTHxHEIGHT (1000x800), a long side in pixels (2000) or megapixels (4mp)";
}

/**
 * @param {string} text
 * @returns {Position}
 */
function readPosition(text) {
  if (text === "original") return { x: 50, y: 50, original: true };
  if (text === "center" || text === "centre") return { x: 50, y: 50, original: false };
  const percents = words(text).map((part) => (/^\d+(\.\d+)?%?$/.test(part) ? parseFloat(part) : NaN));
  if (percents.length < 1 || percents.length > 2 || !percents.every((percent) => percent <= 100)) {
    throw "original, center, or one or two percentages (left to right, top to bottom) such as 50% 100%";
  }
  return { x: percents[0], y: percents[percents.length - 1], original: false };
}
