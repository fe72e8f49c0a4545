"""Option ``grow``: a wider or narrower mask."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tress.arrays import Alpha
from tress.outputs.option import Number, Option

OPTION = Option[float](
    name="grow",
    default=0.0,
    kind=Number[float](-100, 100, unit="px", metavar="PX"),
    help="Move the edge outwards by this many pixels of the input; less than 0 moves it inwards. Before feather.",
    group="Look",
    examples=("2", "-1.5px"),
)

# Of an octagon whose sides are all alike: 1 / (1 + sqrt(2)).
_SQUARES = 0.414


def grown(alpha: Alpha, grow_px: float) -> Alpha:
    """Moves the edge of the subject; how soft it is stays.

    Args:
        alpha: ``(H, W)`` float32 in [0, 1].
        grow_px: outwards if above 0, inwards if below; parts of a pixel count.  What the frame cuts stays cut.

    Returns:
        ``(H, W)`` float32 in [0, 1]; ``alpha`` itself for 0.
    """
    if grow_px == 0:
        return alpha
    import cv2

    change = cv2.dilate if grow_px > 0 else cv2.erode
    square, cross = np.ones((3, 3), np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    part, whole = math.modf(abs(grow_px))
    before: npt.NDArray = alpha
    for step in range(int(whole)):
        before = change(before, square if _is_square(step) else cross)
    if part == 0:
        return before
    after = change(before, square if _is_square(int(whole)) else cross)
    return before + np.float32(part) * (after - before)


def _is_square(step: int) -> bool:
    """Squares and crosses make an octagon, close to a disc, for a few operations a pixel however wide it is."""
    return math.floor((step + 1) * _SQUARES) > math.floor(step * _SQUARES)
