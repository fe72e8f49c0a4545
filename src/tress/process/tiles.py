"""Working on a large picture tile by tile, only where it matters, without seams.

Tiles lie in rows at a regular distance; within a row they lie where the band is, one after the other.  Each has a
window that is zero along its rim (context the network sees but whose answer is not used), rises in a ramp, and is one
in the middle.  Where tiles overlap their windows share the answer, so that at every pixel of the band the shares sum
to one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TileGrid:
    """The layout of the tiles.

    Attributes:
        tile_px: side of a tile.
        rim_px: width of the context along each side, whose answer is not used.
        ramp_px: width of the ramp between two tiles.
    """

    tile_px: int = 112
    rim_px: int = 8
    ramp_px: int = 8

    @property
    def stride_px(self) -> int:
        """Distance between the starts of two neighbouring tiles."""
        return self.tile_px - 2 * self.rim_px - self.ramp_px

    def rows(self, length_px: int) -> range:
        """Where rows of tiles start; the first begins before the picture, the last ends beyond it."""
        first = -(self.rim_px + self.ramp_px)
        return range(first, length_px - self.rim_px, self.stride_px)

    def line(self) -> Floats:
        """The window along one side: ``(tile_px,)`` float32 in [0, 1]."""
        ramp = (np.arange(self.ramp_px, dtype=np.float32) + 0.5) / self.ramp_px
        rim = np.zeros(self.rim_px, np.float32)
        middle = np.ones(self.tile_px - 2 * (self.rim_px + self.ramp_px), np.float32)
        return np.concatenate([rim, ramp, middle, ramp[::-1], rim])

    def window(self, tile: Tile) -> Floats:
        """A tile's share of the answer: ``(tile_px, tile_px)`` float32 in [0, 1]."""
        return np.outer(self.line(), tile.across)


@dataclass(frozen=True, eq=False)
class Tile:
    """A tile's place, and its share of the answer of its row.

    y, x: top left corner in picture coordinates, may be negative.  across: ``(tile_px,)`` float32 in [0, 1].
    """

    y: int
    x: int
    across: Floats


def tiles_on(band: npt.NDArray[np.bool_], grid: TileGrid) -> list[Tile]:
    """As few tiles as cover the band, row by row.

    Args:
        band: ``(H, W)`` bool.
    """
    height, width = band.shape
    line, chosen = grid.line(), []
    for y in grid.rows(height):
        columns = band[max(0, y + grid.rim_px) : max(0, y + grid.tile_px - grid.rim_px)].any(axis=0)
        starts = _starts(np.flatnonzero(columns), grid)
        # How much the windows of the row add up to, from where the leftmost tile may begin.
        total = np.zeros(width + 2 * grid.tile_px, np.float32)
        places = [slice(x + grid.tile_px, x + 2 * grid.tile_px) for x in starts]
        for place in places:
            total[place] += line
        for x, place in zip(starts, places, strict=True):
            chosen.append(Tile(y, x, np.divide(line, total[place], out=np.zeros_like(line), where=line > 0)))
    return chosen


def _starts(columns: npt.NDArray[np.intp], grid: TileGrid) -> list[int]:
    """Where the tiles of a row start, so that their windows cover all ``columns`` (ascending) and meet in ramps."""
    span, starts = grid.tile_px - 2 * grid.rim_px, []
    while len(columns):
        first, last = int(columns[0]), int(columns[columns < columns[0] + span][-1])
        # A tile with room to spare has its part of the band in the middle, with context on both sides.
        spare = first + span - 1 - last
        starts.append(first - grid.rim_px - spare // 2)
        columns = columns[columns >= first + span - grid.ramp_px] if spare == 0 else columns[columns > last]
    return starts


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


def add_tile(total: Floats, values: Floats, tile: Tile, grid: TileGrid) -> None:
    """Adds a tile's ``(tile_px, tile_px)`` values to ``total`` ``(H, W)`` in place, cropped to the picture."""
    height, width = total.shape
    y0, y1 = max(0, tile.y), min(height, tile.y + grid.tile_px)
    x0, x1 = max(0, tile.x), min(width, tile.x + grid.tile_px)
    total[y0:y1, x0:x1] += values[y0 - tile.y : y1 - tile.y, x0 - tile.x : x1 - tile.x]


def batches(tiles: list[Tile], size: int) -> Iterator[list[Tile]]:
    """The tiles in groups of at most ``size``: what bounds the memory of the refinement."""
    for start in range(0, len(tiles), size):
        yield tiles[start : start + size]
