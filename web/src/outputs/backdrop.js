// The background's own pixels: a picture that covers the canvas, or the old background out of focus.

import { Raster, bytes, cut, floats, round } from "../arrays.js";
import constants from "../constants.json" with { type: "json" };
import { decode } from "../io/decode.js";
import { compose } from "../process/composite.js";
import { between, gaussianBlur } from "../process/filters.js";
import { resize } from "../process/geometry.js";

/** @import { Bytes, Floats } from "../arrays.js" */
/** @import { Layout } from "./layout.js" */
/** @import { Background } from "./options.js" */

const { BLUR_SIDE_PX, BLUR_SIGMA_PX, LITTLE } = constants["outputs.backdrop"];
const { MAX_MEGAPIXELS } = constants["outputs.size"];

/**
 * The background's pixels on the canvas.
 * @param {Background | null} background
 * @param {Bytes} image RGB, the photo
 * @param {Floats} alpha
 * @param {Layout} layout
 * @returns {Promise<Bytes | null>} RGB; null for a colour, and for none
 */
export async function backdrop(background, image, alpha, layout) {
  if (background?.kind === "picture") return cover(await readPicture(background.blob), layout);
  if (background?.kind === "blur") return placed(blurredScene(image, alpha, background.percent), image.width, layout);
  return null;
}

/**
 * @param {Blob} blob
 * @returns {Promise<Bytes>} RGB; its own transparent parts are white
 */
async function readPicture(blob) {
  const { pixels, alpha } = await decode(blob, MAX_MEGAPIXELS);
  return alpha ? compose(pixels, alpha, { background: [255, 255, 255], opacity: 1, shadow: null }) : pixels;
}

/**
 * Fills the canvas with a picture: scaled until it covers it, centred, the rest cut off.
 * @param {Bytes} picture
 * @param {Layout} layout
 */
function cover(picture, { height, width }) {
  const scale = Math.max(height / picture.height, width / picture.width);
  const innerHeight = Math.min(picture.height, Math.max(1, round(height / scale)));
  const innerWidth = Math.min(picture.width, Math.max(1, round(width / scale)));
  const top = Math.floor((picture.height - innerHeight) / 2);
  const left = Math.floor((picture.width - innerWidth) / 2);
  return resize(cut(picture, { top, bottom: top + innerHeight, left, right: left + innerWidth }), height, width);
}

/**
 * The photo out of focus, without a ghost of the subject around it: subject pixels have no weight in the blur.
 * @param {Bytes} image
 * @param {Floats} alpha
 * @param {number} percent strength: the blur's sigma, in percent of the photo's long side
 * @returns {Bytes} RGB, a small picture of the same scene
 */
function blurredScene(image, alpha, percent) {
  const side = Math.min(BLUR_SIDE_PX, (BLUR_SIGMA_PX * 100) / percent);
  const scale = Math.min(1, side / Math.max(image.height, image.width));
  const [height, width] = [image.height, image.width].map((length) => Math.max(1, round(length * scale)));
  const small = resize(image, height, width);
  const weight = floats(height, width);
  const shrunk = resize(alpha, height, width);
  for (let i = 0; i < weight.data.length; i += 1) weight.data[i] = 1 - shrunk.data[i];
  const sigma = (Math.max(height, width) * percent) / 100;
  const around = gaussianBlur(weight, sigma);
  const scene = bytes(height, width, 3);
  for (let c = 0; c < 3; c += 1) {
    const plane = floats(height, width);
    for (let i = 0; i < plane.data.length; i += 1) plane.data[i] = small.data[3 * i + c];
    const everything = gaussianBlur(plane, sigma);
    for (let i = 0; i < plane.data.length; i += 1) plane.data[i] *= weight.data[i];
    const weighted = gaussianBlur(plane, sigma);
    for (let i = 0; i < plane.data.length; i += 1) {
      const mean = around.data[i] > LITTLE ? weighted.data[i] / around.data[i] : everything.data[i];
      scene.data[3 * i + c] = Math.min(255, Math.max(0, mean + 0.5));
    }
  }
  return scene;
}

/**
 * The small scene on the canvas, where the photo lies; mirrored beyond the photo's border.
 * @param {Bytes} scene
 * @param {number} photoWidth
 * @param {Layout} layout
 * @returns {Bytes}
 */
function placed(scene, photoWidth, { height, width, scale, left, top }) {
  const grows = (scale * photoWidth) / scene.width;
  // Pixel centres sit at +0.5.
  const down = between(height, scene.height, (y) => (y + 0.5 - top) / grows - 0.5, "reflect");
  const across = between(width, scene.width, (x) => (x + 0.5 - left) / grows - 0.5, "reflect");
  const out = new Raster(new Uint8Array(height * width * 3), height, width, 3);
  const { data } = scene;
  for (let y = 0, i = 0; y < height; y += 1) {
    const [upper, lower, below] = [down.low[y] * scene.width, down.high[y] * scene.width, down.share[y]];
    for (let x = 0; x < width; x += 1) {
      const [low, high, right] = [across.low[x], across.high[x], across.share[x]];
      for (let c = 0; c < 3; c += 1, i += 1) {
        const above = data[(upper + low) * 3 + c] * (1 - right) + data[(upper + high) * 3 + c] * right;
        const under = data[(lower + low) * 3 + c] * (1 - right) + data[(lower + high) * 3 + c] * right;
        out.data[i] = above * (1 - below) + under * below + 0.5;
      }
    }
  }
  return out;
}
