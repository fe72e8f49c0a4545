"""Where the subject is: a rectangle of pixels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tress.arrays import Alpha

# Fainter than this, a pixel does not count as subject when its extent is measured.
_FAINT = 0.05


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int

    @property
    def inside(self) -> tuple[slice, slice]:
        """Index of the box in an array ``(H, W, ...)``."""
        return slice(self.top_px, self.top_px + self.height_px), slice(self.left_px, self.left_px + self.width_px)

    def as_json(self) -> dict[str, int]:
        """Left, top, width and height, in pixels."""
        return {"left": self.left_px, "top": self.top_px, "width": self.width_px, "height": self.height_px}


def subject_box(alpha: Alpha) -> Box | None:
    """The smallest rectangle that holds all but the faintest of the subject; None when there is none.

    Args:
        alpha: ``(H, W)`` float32 in [0, 1].
    """

    solid = alpha > _FAINT
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if not rows.size:
        return None
    top, left = int(rows[0]), int(columns[0])
    return Box(left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top)


def around(boxes: Iterable[Box | None]) -> Box | None:
    """The smallest box that holds all that are there."""
    there = [box for box in boxes if box is not None]
    if not there:
        return None
    left, top = min(box.left_px for box in there), min(box.top_px for box in there)
    right, bottom = max(b.left_px + b.width_px for b in there), max(b.top_px + b.height_px for b in there)
    return Box(left, top, right - left, bottom - top)
