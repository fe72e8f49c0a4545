"""A closer look: where the subject is looked at once more, and how both answers become one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tress.arrays import Alpha
from tress.process.geometry import resize

# The box is no shorter than this share of the picture: a speck needs surroundings to be known by.
SMALLEST_SHARE = 0.25
# What the second look sees around the subject, as a share of the subject's longer side.
MARGIN = 0.1
# It enlarges pixels by this much at most: more of what is not there costs time, and thin things get lost.
ENLARGED = 1.5
# Where its answer fades out, as a share of the box's longer side: within the margin, outside the subject.
FADE = 0.05
# Alpha and uncertainty of pixels that nobody has looked at yet: neither subject nor background, and not sure at all.
NO_PRIOR = (0.5, 1.0)
# Half believed parts belong to the subject, haze does not.
SUBJECT_ALPHA = 0.25


class Box(NamedTuple):
    """Pixels ``[top, bottom)`` x ``[left, right)`` of a picture."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def inside(self) -> tuple[slice, slice]:
        """Index of the box in an array ``(H, W, ...)``."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def long_side(self) -> int:
        """Pixels."""
        return max(self.bottom - self.top, self.right - self.left)

    def shares(self, size: tuple[int, ...]) -> tuple[float, float, float, float]:
        """The same ends as shares of a picture of ``size`` ``(H, W)``."""
        return self.top / size[0], self.bottom / size[0], self.left / size[1], self.right / size[1]

    def scaled(self, scale: float) -> Box:
        """The same box in the picture at another size."""
        return Box(*(round(end * scale) for end in self))


def subject_box(alpha: Alpha, size: tuple[int, ...], *, smallest_share: float) -> Box | None:
    """The subject with a margin, in a picture of ``size`` ``(H, W)``.

    Args:
        alpha: ``(h, w)`` float32, the answer to the whole picture.
        size: of the picture; its sides need not be multiples of those of ``alpha``.
        smallest_share: no box is shorter than this share of the picture's long side, unless the picture ends there.

    Returns:
        None if there is no subject.
    """
    inside = alpha > SUBJECT_ALPHA
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if not len(rows):
        return None
    down, across = size[0] / alpha.shape[0], size[1] / alpha.shape[1]
    top, bottom = rows[0] * down, (rows[-1] + 1) * down
    left, right = columns[0] * across, (columns[-1] + 1) * across
    long_side = max(bottom - top, right - left)
    margin = max(MARGIN * long_side, (smallest_share * max(size) - long_side) / 2)
    return Box(
        max(0, int(top - margin)),
        min(size[0], int(np.ceil(bottom + margin))),
        max(0, int(left - margin)),
        min(size[1], int(np.ceil(right + margin))),
    )


def near_side_px(box: Box, second_look_px: int, first_look_px: int) -> int:
    """The long side of the box at the second look: ``second_look_px``, less for small boxes, but as at the first."""
    return min(second_look_px, max(first_look_px, round(ENLARGED * box.long_side)))


def closer_scale(box: Box, near: tuple[int, ...]) -> float:
    """How large the merged answer is, as a share of the picture: as fine as the closer look, of size ``near``."""
    return min(1.0, max(near) / box.long_side)


def fade(box: Box, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """How much the closer look counts: ``(h, w)`` float32, the size of ``box``.

    1 in the middle, falling to 0 at those sides of the box that are not sides of the picture, of ``size`` ``(H, W)``.
    """
    margin = max(1, round(FADE * box.long_side))
    down = _ramp(box.bottom - box.top, margin, box.top > 0, box.bottom < size[0])
    across = _ramp(box.right - box.left, margin, box.left > 0, box.right < size[1])
    return np.minimum.outer(down, across)


def paste(far: npt.NDArray, near: npt.NDArray, box: Box, weight: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Lays ``near``, resized to ``box``, over a copy of ``far`` ``(H, W)`` by ``weight``, which has the box's size."""
    out = far.astype(np.float32)
    patch = out[box.inside]
    patch += weight * (resize(near, *patch.shape) - patch)
    return out


def _ramp(length: int, margin: int, fades_in: bool, fades_out: bool) -> npt.NDArray[np.float32]:
    rising = np.minimum(1, np.arange(length, dtype=np.float32) / margin)
    weight = np.ones(length, np.float32)
    if fades_in:
        weight = np.minimum(weight, rising)
    if fades_out:
        weight = np.minimum(weight, rising[::-1])
    return weight
