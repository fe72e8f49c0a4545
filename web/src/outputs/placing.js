// Moving and scaling pictures onto the canvas, in whole pixels.

import { blank, cut, put, round } from "../arrays.js";
import { resize } from "../process/geometry.js";

/** @import { Samples, Raster } from "../arrays.js" */
/** @import { Layout } from "./layout.js" */

/**
 * Which source pixels to take, how long they become, which part of that is seen, and where on the canvas.
 * @typedef {{first: number, last: number, length: number, visible: number, count: number, target: number}} Span
 */

/**
 * Moves and scales a picture that has no hidden colours; what the photo does not reach is 0.
 * @template {Samples} T
 * @param {Raster<T>} raster
 * @param {Layout} layout
 * @returns {Raster<T>}
 */
export function onCanvas(raster, layout) {
  const { width, height, scale, left, top } = layout;
  if (width === raster.width && height === raster.height && scale === 1 && left === 0 && top === 0) return raster;
  const canvas = blank(raster, height, width);
  const across = span(raster.width, width, scale, left);
  const down = span(raster.height, height, scale, top);
  if (!across || !down) return canvas;
  const seen = cut(raster, { top: down.first, bottom: down.last, left: across.first, right: across.last });
  const inner = scale === 1 ? seen : resize(seen, down.length, across.length);
  const visible = {
    top: down.visible,
    bottom: down.visible + down.count,
    left: across.visible,
    right: across.visible + across.count,
  };
  put(canvas, cut(inner, visible), down.target, across.target);
  return canvas;
}

/**
 * Maps an axis of `picture` pixels to `scale * x + offset`.  Only source pixels that are seen are taken.
 * @param {number} picture
 * @param {number} canvas
 * @param {number} scale
 * @param {number} offset
 * @returns {Span | null} null when nothing of it is on the canvas
 */
function span(picture, canvas, scale, offset) {
  const first = Math.max(0, Math.floor(-offset / scale));
  const last = Math.min(picture, Math.ceil((canvas - offset) / scale));
  if (first >= last) return null;
  const start = round(first * scale + offset);
  const length = Math.max(1, round(last * scale + offset) - start);
  const [left, right] = [Math.max(0, start), Math.min(canvas, start + length)];
  return left >= right ? null : { first, last, length, visible: left - start, count: right - left, target: left };
}
