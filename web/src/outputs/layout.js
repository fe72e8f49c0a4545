// Where the photo lies on the canvas: crop, margin, size, scale and position in numbers.

import { round } from "../arrays.js";
import constants from "../constants.json" with { type: "json" };
import { TressError } from "../errors.js";
import { lengthOf } from "./lengths.js";

/** @import { Box } from "../arrays.js" */
/** @import { Length } from "./lengths.js" */
/** @import { Options } from "./options.js" */

const { MAX_MEGAPIXELS } = constants["outputs.size"];

/**
 * A canvas, and the photo on it: photo pixel border x lies at `scale * x + left` on the canvas.
 * @typedef {{width: number, height: number, scale: number, left: number, top: number}} Layout
 */

/**
 * One axis of what is shown: `grows` photo pixels, of which the subject starts at `start`, plus fixed room.
 * @typedef {{grows: number, fixed: number, start: number, before: number}} Side
 */

/**
 * @param {number} width of the photo
 * @param {number} height
 * @param {Box | null} subject where it is in the photo
 * @param {Options} options
 * @returns {Layout}
 */
export function layOut(width, height, subject, options) {
  const { margin, size } = options;
  const cropped = options.crop && subject;
  const across = cropped ? withMargin(subject.left, subject.right, margin.left, margin.right) : whole(width);
  const down = cropped ? withMargin(subject.top, subject.bottom, margin.top, margin.bottom) : whole(height);
  const scale = scaleOf(across, down, size);
  const exact = size?.kind === "canvas" ? size : null;
  const canvas = {
    width: exact?.width ?? Math.max(1, round(lengthAt(across, scale))),
    height: exact?.height ?? Math.max(1, round(lengthAt(down, scale))),
  };
  // A photo that was let in may come out at its own size, whatever its size.
  if (canvas.width * canvas.height > Math.max(MAX_MEGAPIXELS * 1e6, width * height)) {
    throw new TressError(
      "canvas_too_large",
      `the result would have ${canvas.width}x${canvas.height} pixels, more than ${MAX_MEGAPIXELS} megapixels`,
      "lower margin, or set size",
    );
  }
  /** @type {Layout} */
  let layout = {
    ...canvas,
    scale,
    left: (canvas.width - lengthAt(across, scale)) / 2 + across.before - across.start * scale,
    top: (canvas.height - lengthAt(down, scale)) / 2 + down.before - down.start * scale,
  };
  if (subject && (options.scale !== null || options.position)) layout = place(layout, subject, options);
  if (layout.scale === 1) return { ...layout, left: Math.floor(layout.left + 0.5), top: Math.floor(layout.top + 0.5) };
  return layout;
}

/**
 * @param {number} length
 * @returns {Side}
 */
function whole(length) {
  return { grows: length, fixed: 0, start: 0, before: 0 };
}

/**
 * The subject's extent on one axis and its margins: percent grows with it, pixels do not.
 * @param {number} start
 * @param {number} end
 * @param {Length} before
 * @param {Length} after
 * @returns {Side}
 */
function withMargin(start, end, before, after) {
  const length = end - start;
  const growsBefore = before.percent ? lengthOf(before, length) : 0;
  const growsAfter = after.percent ? lengthOf(after, length) : 0;
  const fixedBefore = before.percent ? 0 : before.value;
  const fixedAfter = after.percent ? 0 : after.value;
  return {
    grows: length + growsBefore + growsAfter,
    fixed: fixedBefore + fixedAfter,
    start: start - growsBefore,
    before: fixedBefore,
  };
}

/**
 * @param {Side} side
 * @param {number} scale
 */
function lengthAt({ grows, fixed }, scale) {
  return grows * scale + fixed;
}

/**
 * @param {Side} across
 * @param {Side} down
 * @param {Options["size"]} size
 */
function scaleOf(across, down, size) {
  if (!size) return 1;
  const [width, height] =
    size.kind === "canvas" ? [size.width, size.height] : size.kind === "side" ? [size.pixels, size.pixels] : [0, 0];
  const scale =
    size.kind === "area"
      ? scaleToArea(across, down, size.megapixels * 1e6)
      : Math.min((width - across.fixed) / across.grows, (height - down.fixed) / down.grows);
  if (scale <= 0)
    throw new TressError("margin_too_large", "the margin leaves no room for the subject in this size", "lower margin");
  return size.kind === "canvas" ? scale : Math.min(1, scale);
}

/**
 * The scale at which both lengths multiply to `pixels`: the larger root of a parabola.
 * @param {Side} across
 * @param {Side} down
 * @param {number} pixels
 */
function scaleToArea(across, down, pixels) {
  const a = across.grows * down.grows;
  const b = across.grows * down.fixed + across.fixed * down.grows;
  const c = across.fixed * down.fixed - pixels;
  return (Math.sqrt(Math.max(0, b * b - 4 * a * c)) - b) / (2 * a);
}

/**
 * The layout after the options scale and position.
 * @param {Layout} layout
 * @param {Box} subject
 * @param {Options} options
 * @returns {Layout}
 */
function place(layout, subject, options) {
  const [width, height] = [subject.right - subject.left, subject.bottom - subject.top];
  const centreX = layout.left + layout.scale * (subject.left + width / 2);
  const centreY = layout.top + layout.scale * (subject.top + height / 2);
  const scale =
    options.scale === null
      ? layout.scale
      : (options.scale / 100) * Math.min(layout.width / width, layout.height / height);
  const position = options.position ?? { x: 50, y: 50, original: false };
  const left = position.original ? centreX - (scale * width) / 2 : ((layout.width - scale * width) * position.x) / 100;
  const top = position.original
    ? centreY - (scale * height) / 2
    : ((layout.height - scale * height) * position.y) / 100;
  return { ...layout, scale, left: left - scale * subject.left, top: top - scale * subject.top };
}
