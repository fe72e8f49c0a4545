"""Working on a large picture tile by tile, only where it matters, without seams.

Tiles lie on a regular grid and overlap.  Each has a window that is zero along its rim (context the network sees but
whose answer is not used), rises in a ramp, and is one in the middle; the windows of the whole grid sum to one at
every pixel.  A tile is visited if its window touches the band, so every pixel of the band gets its full answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class TileGrid:
    """The layout of the tiles.

    Attributes:
        tile_px: side of a tile.
        rim_px: width of the context along each side, whose answer is not used.
        ramp_px: width of the ramp between two tiles.
    """

    tile_px: int = 256
    rim_px: int = 12
    ramp_px: int = 20

    @property
    def stride_px(self) -> int:
        """Distance between the starts of two neighbouring tiles."""
        return self.tile_px - 2 * self.rim_px - self.ramp_px

    def starts(self, length_px: int) -> range:
        """Where tiles start along one axis; the first begins before the picture, the last ends beyond it."""
        first = -(self.rim_px + self.ramp_px)
        return range(first, length_px - self.rim_px, self.stride_px)

    def window(self) -> npt.NDArray[np.float32]:
        """``(tile_px, tile_px)`` float32 in [0, 1]."""
        ramp = (np.arange(self.ramp_px, dtype=np.float32) + 0.5) / self.ramp_px
        rim = np.zeros(self.rim_px, np.float32)
        middle = np.ones(self.tile_px - 2 * (self.rim_px + self.ramp_px), np.float32)
        line = np.concatenate([rim, ramp, middle, ramp[::-1], rim])
        return np.outer(line, line)


@dataclass(frozen=True)
class Tile:
    """A tile's place: top left corner in picture coordinates, may be negative."""

    y: int
    x: int


def tiles_on(band: npt.NDArray[np.bool_], grid: TileGrid) -> list[Tile]:
    """The tiles whose window touches the band, row by row.

    Args:
        band: ``(H, W)`` bool.
    """
    height, width = band.shape
    chosen = []
    for y in grid.starts(height):
        rows = band[max(0, y + grid.rim_px) : max(0, y + grid.tile_px - grid.rim_px)]
        if not rows.size:
            continue
        columns = np.asarray(rows.any(axis=0))
        if columns.any():
            chosen += [
                Tile(y, x)
                for x in grid.starts(width)
                if columns[max(0, x + grid.rim_px) : max(0, x + grid.tile_px - grid.rim_px)].any()
            ]
    return chosen


def read_tile(array: npt.NDArray, tile: Tile, grid: TileGrid) -> npt.NDArray:
    """Cuts a tile out of ``(H, W)`` or ``(H, W, C)``; beyond the picture its edge repeats."""
    height, width = array.shape[:2]
    y0, y1 = max(0, tile.y), min(height, tile.y + grid.tile_px)
    x0, x1 = max(0, tile.x), min(width, tile.x + grid.tile_px)
    inside = array[y0:y1, x0:x1]
    missing = ((y0 - tile.y, tile.y + grid.tile_px - y1), (x0 - tile.x, tile.x + grid.tile_px - x1))
    if any(n for pair in missing for n in pair):
        inside = np.pad(inside, (*missing, *[(0, 0)] * (array.ndim - 2)), mode="edge")
    return inside


def add_tile(total: npt.NDArray[np.float32], values: npt.NDArray[np.float32], tile: Tile, grid: TileGrid) -> None:
    """Adds a tile's ``(tile_px, tile_px)`` values to ``total`` ``(H, W)`` in place, cropped to the picture."""
    height, width = total.shape
    y0, y1 = max(0, tile.y), min(height, tile.y + grid.tile_px)
    x0, x1 = max(0, tile.x), min(width, tile.x + grid.tile_px)
    total[y0:y1, x0:x1] += values[y0 - tile.y : y1 - tile.y, x0 - tile.x : x1 - tile.x]


def batches(tiles: list[Tile], size: int) -> Iterator[list[Tile]]:
    """The tiles in groups of at most ``size``: what bounds the memory of the refinement."""
    for start in range(0, len(tiles), size):
        yield tiles[start : start + size]
