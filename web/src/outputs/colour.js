// CSS colours, as the browser itself understands them.

/** @typedef {{rgb: [number, number, number], alpha: number}} Colour each of `rgb` 0 to 255, straight; `alpha` 0 to 1 */

/**
 * @param {string} text a CSS colour; hexadecimal digits may come without their `#`
 * @returns {Colour | null} null if it is none
 */
export function readColour(text) {
  const word = /^([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(text) ? `#${text}` : text;
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  if (!pen) return null;
  // What is not a colour leaves the one before.
  const seen = ["#000000", "#ffffff"].map((before) => {
    pen.fillStyle = before;
    pen.fillStyle = word;
    return String(pen.fillStyle);
  });
  if (seen[0] !== seen[1]) return null;
  const hex = /^#(..)(..)(..)$/.exec(seen[0]);
  if (hex) return { rgb: [parseInt(hex[1], 16), parseInt(hex[2], 16), parseInt(hex[3], 16)], alpha: 1 };
  const parts = /^rgba\((\d+), (\d+), (\d+), ([\d.e-]+)\)$/.exec(seen[0]);
  return parts && { rgb: [Number(parts[1]), Number(parts[2]), Number(parts[3])], alpha: Number(parts[4]) };
}
