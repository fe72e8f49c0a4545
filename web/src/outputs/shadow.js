// Option `shadow`: a soft shadow under the subject.

import { Raster, extent, floats, round } from "../arrays.js";
import constants from "../constants.json" with { type: "json" };
import { gaussianBlur } from "../process/filters.js";
import { resize } from "../process/geometry.js";

/** @import { Bytes, Floats } from "../arrays.js" */
/** @typedef {typeof constants["outputs.shadow"]["SHAPES"]["drop"]} Shape */

const { SIDE_PX, SHAPES } = constants["outputs.shadow"];
const { FAINT } = constants["outputs.box"];

/**
 * The shadow's own opacity.
 * @param {Floats} alpha of the subject on the canvas
 * @param {string} shadow a word of the option
 * @returns {Bytes | null} null for no shadow
 */
export function shadowLayer(alpha, shadow) {
  if (shadow === "none") return null;
  /** @type {Shape} */
  const shape = SHAPES[/** @type {keyof typeof SHAPES} */ (shadow)];
  const { height, width } = alpha;
  const ratio = Math.min(1, SIDE_PX / Math.max(height, width));
  const small = resize(alpha, Math.max(1, round(height * ratio)), Math.max(1, round(width * ratio)));
  const box = extent(small, FAINT);
  if (!box) return null;
  const side = Math.max(box.right - box.left, box.bottom - box.top);
  const moved = laid(small, shape, box.bottom, side);
  const soft = gaussianBlur(moved, Math.max(0.5, shape.blur_across * side), {
    down: Math.max(0.5, shape.blur_down * side),
  });
  const opacity = Uint8Array.from(soft.data, (dark) => Math.min(255, Math.max(0, dark * shape.opacity * 255 + 0.5)));
  return resize(new Raster(opacity, soft.height, soft.width), height, width);
}

/**
 * The silhouette moved and squashed onto its ground; bilinear, nothing beyond the border.
 * @param {Floats} alpha
 * @param {Shape} shape
 * @param {number} ground the row below the subject
 * @param {number} side of the subject
 * @returns {Floats}
 */
function laid({ data, height, width }, shape, ground, side) {
  const out = floats(height, width);
  const [right, down] = [shape.right * side, ground * (1 - shape.squash) + shape.down * side];
  /**
   * @param {number} y
   * @param {number} x
   */
  const at = (y, x) => (y < 0 || y >= height || x < 0 || x >= width ? 0 : data[y * width + x]);
  for (let y = 0, i = 0; y < height; y += 1) {
    const fromY = (y - down) / shape.squash;
    const top = Math.floor(fromY);
    const below = fromY - top;
    for (let x = 0; x < width; x += 1, i += 1) {
      const fromX = x - right;
      const left = Math.floor(fromX);
      const share = fromX - left;
      const upper = at(top, left) * (1 - share) + at(top, left + 1) * share;
      const lower = at(top + 1, left) * (1 - share) + at(top + 1, left + 1) * share;
      out.data[i] = upper * (1 - below) + lower * below;
    }
  }
  return out;
}
