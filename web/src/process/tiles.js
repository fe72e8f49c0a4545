// Working on a large picture tile by tile, only where it matters, without seams.

import constants from "../constants.json" with { type: "json" };

/** @import { Bytes, Floats, Raster } from "../arrays.js" */

const { tile_px, rim_px, ramp_px } = constants.matting.GRID;

/** Side of a tile. */
export const TILE = tile_px;
// Distance between the starts of two neighbouring rows of tiles.
const STRIDE = tile_px - 2 * rim_px - ramp_px;

/**
 * A tile's share of the answer along one side: 0 along the rim, a ramp, 1 in the middle.
 * @type {Float32Array}
 */
const LINE = Float32Array.from({ length: TILE }, (_, i) => {
  const inwards = Math.min(i, TILE - 1 - i) - rim_px;
  return inwards < 0 ? 0 : Math.min(1, (inwards + 0.5) / ramp_px);
});

/**
 * A tile's place, its top left corner, which may lie outside the picture, and its share of the answer of its row.
 * @typedef {{y: number, x: number, across: Float32Array}} Tile
 */

/**
 * As few tiles as cover the band, row by row.
 * @param {Bytes} band
 * @returns {Tile[]}
 */
export function tilesOn(band) {
  const { data, height, width } = band;
  /** @type {Tile[]} */
  const tiles = [];
  for (let y = -(rim_px + ramp_px); y < height - rim_px; y += STRIDE) {
    const columns = new Uint8Array(width);
    const [first, last] = [Math.max(0, y + rim_px), Math.min(height, y + TILE - rim_px)];
    for (let row = first; row < last; row += 1) {
      for (let x = 0, i = row * width; x < width; x += 1, i += 1) columns[x] |= data[i];
    }
    const starts = startsOf(columns);
    // How much the windows of the row add up to, from where the leftmost tile may begin.
    const total = new Float32Array(width + 2 * TILE);
    for (const x of starts) for (let i = 0; i < TILE; i += 1) total[x + TILE + i] += LINE[i];
    for (const x of starts)
      tiles.push({ y, x, across: LINE.map((share, i) => (share > 0 ? share / total[x + TILE + i] : 0)) });
  }
  return tiles;
}

/**
 * @param {Uint8Array} columns 1 where the band is
 * @returns {number[]} where the tiles of a row start, so that their windows cover all columns and meet in ramps
 */
function startsOf(columns) {
  const span = TILE - 2 * rim_px;
  const starts = [];
  for (let first = columns.indexOf(1); first >= 0;) {
    const last = columns.lastIndexOf(1, first + span - 1);
    // A tile with room to spare has its part of the band in the middle, with context on both sides.
    const spare = first + span - 1 - last;
    starts.push(first - rim_px - Math.floor(spare / 2));
    first = columns.indexOf(1, spare === 0 ? first + span - ramp_px : last + 1);
  }
  return starts;
}

/**
 * Copies a tile of one channel into a network's input, times `scale`; beyond the picture its edge repeats.
 * @param {Raster} raster
 * @param {number} channel
 * @param {Tile} tile
 * @param {Float32Array} into
 * @param {number} offset
 * @param {number} scale
 */
export function readTile({ data, height, width, channels }, channel, { y, x }, into, offset, scale) {
  let to = offset;
  for (let row = y; row < y + TILE; row += 1) {
    const start = Math.min(Math.max(row, 0), height - 1) * width;
    for (let column = x; column < x + TILE; column += 1) {
      const at = column < 0 ? 0 : column < width ? column : width - 1;
      into[to] = data[(start + at) * channels + channel] * scale;
      to += 1;
    }
  }
}

/**
 * Adds the change that a tile's answer makes, by the tile's share and only inside the band.
 * @param {Floats} total
 * @param {Float32Array} refined the answers of a batch
 * @param {Float32Array} coarse the alpha that the network was given
 * @param {number} refinedAt where the tile starts in `refined`
 * @param {number} coarseAt where it starts in `coarse`
 * @param {Tile} tile
 * @param {Bytes} band
 */
export function addChange(total, refined, coarse, refinedAt, coarseAt, tile, band) {
  const { height, width } = total;
  const [top, bottom] = [Math.max(0, tile.y), Math.min(height, tile.y + TILE)];
  const [left, right] = [Math.max(0, tile.x), Math.min(width, tile.x + TILE)];
  for (let y = top; y < bottom; y += 1) {
    const share = LINE[y - tile.y];
    if (share === 0) continue;
    const row = (y - tile.y) * TILE - tile.x;
    for (let x = left; x < right; x += 1) {
      const i = y * width + x;
      if (!band.data[i]) continue;
      const change = refined[refinedAt + row + x] - coarse[coarseAt + row + x];
      total.data[i] += change * share * tile.across[x - tile.x];
    }
  }
}
