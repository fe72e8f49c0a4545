// PNG from our own rows.  A canvas keeps colours multiplied by alpha, so that its PNG has lost them where alpha is low.

import { TressError } from "../errors.js";

/** @import { Bytes } from "../arrays.js" */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
/** @type {Record<number, number>} */
const COLOUR_TYPE = { 1: 0, 3: 2, 4: 6 };
const AVERAGE = 3;
// Rows that are filtered before they are handed to the compressor.
const ROWS_AT_ONCE = 64;
const TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/**
 * @param {Bytes} picture grey, RGB, or RGBA with straight alpha; sRGB
 * @returns {Promise<Blob>}
 */
export async function encodePng(picture) {
  const { height, width, channels } = picture;
  if (typeof CompressionStream !== "function") {
    throw new TressError("browser_too_old", "this browser cannot compress PNG files", "update it, or use another one");
  }
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8);
  header.setUint8(9, COLOUR_TYPE[channels]);
  const compressed = await new Response(rows(picture).pipeThrough(new CompressionStream("deflate"))).arrayBuffer();
  const parts = [
    Uint8Array.from(SIGNATURE),
    ...chunk("IHDR", new Uint8Array(header.buffer)),
    ...chunk("sRGB", Uint8Array.of(1)),
    ...chunk("IDAT", new Uint8Array(compressed)),
    ...chunk("IEND", new Uint8Array(0)),
  ];
  return new Blob(parts, { type: "image/png" });
}

/**
 * @param {Bytes} picture
 * @returns {ReadableStream<Uint8Array<ArrayBuffer>>} rows, each behind its filter's number
 */
function rows(picture) {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const end = Math.min(picture.height, next + ROWS_AT_ONCE);
      controller.enqueue(filtered(picture, next, end));
      next = end;
      if (next === picture.height) controller.close();
    },
  });
}

/**
 * @param {Bytes} picture
 * @param {number} first
 * @param {number} end
 */
function filtered({ data, width, channels }, first, end) {
  const length = width * channels;
  const out = new Uint8Array((end - first) * (length + 1));
  let to = 0;
  for (let y = first; y < end; y += 1) {
    const start = y * length;
    out[to] = AVERAGE;
    to += 1;
    for (let i = 0; i < length; i += 1, to += 1) {
      const left = i < channels ? 0 : data[start + i - channels];
      const above = y === 0 ? 0 : data[start + i - length];
      out[to] = data[start + i] - ((left + above) >> 1);
    }
  }
  return out;
}

/**
 * @param {string} kind
 * @param {Uint8Array<ArrayBuffer>} content
 */
function chunk(kind, content) {
  const head = new DataView(new ArrayBuffer(8));
  head.setUint32(0, content.length);
  for (let i = 0; i < 4; i += 1) head.setUint8(4 + i, kind.charCodeAt(i));
  let crc = 0xffffffff;
  for (const bytes of [new Uint8Array(head.buffer, 4), content]) {
    for (let i = 0; i < bytes.length; i += 1) crc = TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  }
  const tail = new DataView(new ArrayBuffer(4));
  tail.setUint32(0, ~crc >>> 0);
  return [head.buffer, content, tail.buffer];
}
