"""One axis of moving and scaling a picture onto a canvas, in whole pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """Which source pixels to take, how long they become, and which part of that lands where.

    Attributes:
        source: of the picture.
        length: pixels that ``source`` is scaled to.
        visible: of those, what lies on the canvas.
        target: where on the canvas.
    """

    source: slice
    length: int
    visible: slice
    target: slice


def span(picture: int, canvas: int, scale: float, offset: float) -> Span | None:
    """Maps an axis of ``picture`` pixels to ``scale * x + offset``; None when nothing of it is on the canvas.

    Only source pixels that are seen are taken, so that enlarging a small part of a picture costs no more than the
    canvas.  Ends are rounded to whole canvas pixels.
    """
    first = max(0, math.floor(-offset / scale))
    last = min(picture, math.ceil((canvas - offset) / scale))
    if first >= last:
        return None
    start = round(first * scale + offset)
    length = max(1, round(last * scale + offset) - start)
    left, right = max(0, start), min(canvas, start + length)
    if left >= right:
        return None
    return Span(slice(first, last), length, slice(left - start, right - start), slice(left, right))
