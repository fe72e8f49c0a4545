// Alpha and colours in, finished pixels out: applies the output options in a fixed order.

import { bytes, extent, floats } from "../arrays.js";
import constants from "../constants.json" with { type: "json" };
import { compose, unpremultiply } from "../process/composite.js";
import { backdrop } from "./backdrop.js";
import { feathered } from "./feather.js";
import { layOut } from "./layout.js";
import { onCanvas } from "./placing.js";
import { shadowLayer } from "./shadow.js";

/** @import { Bytes, Floats } from "../arrays.js" */
/** @import { Layout } from "./layout.js" */
/** @import { Options } from "./options.js" */

const { FAINT } = constants["outputs.box"];

/**
 * Makes the picture that the options ask for: feather, layout, colours, shadow, background.
 * @param {Bytes} image RGB, the photo
 * @param {Floats} alpha
 * @param {() => Promise<Bytes>} foreground gives the estimated colours; called at most once, when its answer matters
 * @param {Options} options
 * @returns {Promise<{picture: Bytes, layout: Layout}>} grey for a mask, RGB if opaque, else RGBA with straight alpha
 */
export async function render(image, alpha, foreground, options) {
  const soft = feathered(alpha, options.feather);
  const places = options.crop || options.size || options.scale !== null || options.position;
  const layout = layOut(soft.width, soft.height, places ? extent(soft, FAINT) : null, options);
  if (options.mask) return { picture: toGrey(onCanvas(soft, layout)), layout };
  const estimates = options.decontaminate && soft.data.some((value) => value > 0 && value < 1);
  const colours = estimates ? await foreground() : image;
  const { background } = options;
  const behind = background?.kind === "colour" ? background.rgb : await backdrop(background, image, soft, layout);
  const placedAlpha = onCanvas(soft, layout);
  const placedColours =
    layout.scale === 1 ? onCanvas(colours, layout) : scaledColours(colours, soft, placedAlpha, layout);
  const shadow = shadowLayer(placedAlpha, options.shadow);
  const opacity = background?.kind === "colour" ? background.alpha : 1;
  return { picture: compose(placedColours, placedAlpha, { background: behind, opacity, shadow }), layout };
}

/** @param {Floats} alpha */
function toGrey(alpha) {
  const grey = bytes(alpha.height, alpha.width);
  for (let k = 0; k < grey.data.length; k += 1) grey.data[k] = alpha.data[k] * 255 + 0.5;
  return grey;
}

/**
 * Straight colours on the canvas; what is scaled is premultiplied, so that no hidden colour bleeds in.
 * @param {Bytes} colours
 * @param {Floats} alpha
 * @param {Floats} placedAlpha
 * @param {Layout} layout
 */
function scaledColours(colours, alpha, placedAlpha, layout) {
  const placed = bytes(layout.height, layout.width, 3);
  const plane = floats(alpha.height, alpha.width);
  for (let c = 0; c < 3; c += 1) {
    for (let k = 0; k < plane.data.length; k += 1) plane.data[k] = colours.data[3 * k + c] * alpha.data[k];
    unpremultiply(onCanvas(plane, layout), placedAlpha, placed, c);
  }
  return placed;
}
