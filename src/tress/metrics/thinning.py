"""Thinning of a mask to lines one pixel wide."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tress.metrics.base import Mask

# Neighbours clockwise from the north: P2 ... P9 of Zhang and Suen.
_ROWS = (-1, -1, 0, 1, 1, 1, 0, -1)
_COLUMNS = (0, 1, 1, 1, 0, -1, -1, -1)


def skeleton(mask: Mask) -> Mask:
    """Thins ``(H, W)`` bool to its skeleton, by the parallel algorithm of Zhang and Suen (CACM 1984).

    Only pixels at the contour are looked at in each pass, so the cost grows with the mask's area, not with area times
    thickness.
    """
    height, width = mask.shape
    padded = np.zeros((height + 2, width + 2), bool)
    padded[1:-1, 1:-1] = mask
    flat = padded.ravel()
    offsets = np.array([row * (width + 2) + column for row, column in zip(_ROWS, _COLUMNS, strict=True)])
    weights = 1 << np.arange(8)
    contour = np.flatnonzero(flat)
    contour = contour[~flat[contour[:, None] + offsets].all(axis=1)]
    while len(contour):
        removed = []
        for table in _removable():
            code = flat[contour[:, None] + offsets] @ weights
            gone = contour[table[code]]
            flat[gone] = False
            contour = contour[flat[contour]]
            removed.append(gone)
            # What the first half of a pass uncovers is part of the contour for the second half.
            near = np.unique(gone[:, None] + offsets)
            contour = np.union1d(contour, near[flat[near]])
        if not sum(map(len, removed)):
            break
    return padded[1:-1, 1:-1]


@lru_cache(maxsize=1)
def _removable() -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """For both halves of a pass: may a pixel with this neighbourhood code be removed?  ``(256,)`` bool each."""
    codes = np.arange(256)
    p = (codes[:, None] >> np.arange(8)) & 1
    neighbours = p.sum(axis=1)
    crossings = ((p == 0) & (np.roll(p, -1, axis=1) == 1)).sum(axis=1)
    either = (neighbours >= 2) & (neighbours <= 6) & (crossings == 1)
    north, east, south, west = p[:, 0], p[:, 2], p[:, 4], p[:, 6]
    first = either & (north * east * south == 0) & (east * south * west == 0)
    second = either & (north * east * west == 0) & (north * south * west == 0)
    return first, second
