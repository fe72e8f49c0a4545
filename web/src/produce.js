// From a matte to the finished file.

import { Raster } from "./arrays.js";
import { encode } from "./io/encode.js";
import { parse } from "./outputs/options.js";
import { render } from "./outputs/render.js";
import { estimateForeground } from "./process/foreground.js";

/** @import { Bytes } from "./arrays.js" */
/** @import { Finished, Finishing } from "./protocol.js" */

/**
 * @param {Finishing} wanted
 * @param {() => Promise<void>} pause called between steps; it throws to stop the work
 * @returns {Promise<Finished>}
 */
export async function finish(wanted, pause) {
  const { width, height } = wanted;
  const options = parse(wanted.options);
  const image = new Raster(wanted.image, height, width, 3);
  const alpha = new Raster(wanted.alpha, height, width);
  /** @type {Bytes | null} */
  let colours = wanted.foreground && new Raster(wanted.foreground, height, width, 3);
  const foreground = async () => (colours ??= await estimateForeground(image, alpha, pause));
  const { picture, layout } = await render(image, alpha, foreground, options);
  await pause();
  const blob = await encode(picture, options);
  const { scale, left, top } = layout;
  return {
    blob,
    width: picture.width,
    height: picture.height,
    layout: { scale, left, top },
    foreground: colours && colours.data,
  };
}
