// Compositing a foreground over a background, with straight alpha, on sRGB-encoded values as browsers do.

import { bytes } from "../arrays.js";

/** @import { Bytes, Floats } from "../arrays.js" */

// Below this, alpha would be stored as 0.
const VISIBLE = 0.5 / 255;

/**
 * What lies behind the subject.
 * @typedef {object} Behind
 * @property {Bytes | number[] | null} background RGB, or one colour, or null for nothing
 * @property {number} opacity of the background, 0 to 1
 * @property {Bytes | null} shadow opacity of a black shadow
 */

/**
 * `foreground` over a black shadow over a background.
 * @param {Bytes} foreground RGB, straight
 * @param {Floats} alpha of the foreground
 * @param {Behind} behind
 * @returns {Bytes} RGB if the background is opaque, else RGBA with straight alpha, whose clear pixels are black
 */
export function compose(foreground, alpha, { background, opacity, shadow }) {
  const { height, width } = alpha;
  if (!background && !shadow) return alone(foreground, alpha);
  const behindOpacity = background ? opacity : 0;
  const opaque = behindOpacity >= 1;
  const channels = opaque ? 3 : 4;
  const result = bytes(height, width, channels);
  const colours = background === null ? [0, 0, 0] : Array.isArray(background) ? background : background.data;
  const step = Array.isArray(colours) ? 0 : 3;
  for (let k = 0, to = 0; k < alpha.data.length; k += 1, to += channels) {
    const front = alpha.data[k];
    const dark = shadow ? shadow.data[k] / 255 : 0;
    const under = dark + (1 - dark) * behindOpacity;
    const whole = front + (1 - front) * under;
    const straight = whole >= VISIBLE ? 1 / whole : 0;
    for (let c = 0; c < 3; c += 1) {
      const colour = colours[k * step + c] * behindOpacity * (1 - dark);
      const mixed = foreground.data[3 * k + c] * front + colour * (1 - front);
      result.data[to + c] = opaque ? mixed + 0.5 : straight && Math.min(255, mixed * straight + 0.5);
    }
    if (!opaque) result.data[to + 3] = whole * 255 + 0.5;
  }
  return result;
}

/**
 * Straight colours of premultiplied ones, one channel of them.
 * @param {Floats} premultiplied 0 to 255 times alpha
 * @param {Floats} alpha
 * @param {Bytes} into RGB
 * @param {number} channel
 */
export function unpremultiply(premultiplied, alpha, into, channel) {
  for (let k = 0; k < alpha.data.length; k += 1) {
    const a = alpha.data[k];
    into.data[3 * k + channel] = a >= VISIBLE ? Math.min(255, premultiplied.data[k] / a + 0.5) : 0;
  }
}

/**
 * Over nothing: the colours stay as they are.
 * @param {Bytes} foreground
 * @param {Floats} alpha
 */
function alone(foreground, alpha) {
  const result = bytes(alpha.height, alpha.width, 4);
  for (let k = 0; k < alpha.data.length; k += 1) {
    const opacity = Math.floor(alpha.data[k] * 255 + 0.5);
    if (opacity === 0) continue;
    for (let c = 0; c < 3; c += 1) result.data[4 * k + c] = foreground.data[3 * k + c];
    result.data[4 * k + 3] = opacity;
  }
  return result;
}
