"""How many pixels an order needs: found out from headers and options, before anything is decoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tress.errors import InputError
from tress.io.decode import check_pixel_limit
from tress.outputs.background import Background
from tress.outputs.marks import MarkPicture
from tress.outputs.options import OutputOptions
from tress.outputs.picture_file import PictureFile
from tress.outputs.size import Canvas, LongSide, Megapixels
from tress.server.work.job import Order, check_canvas

ReadSize: TypeAlias = Callable[[bytes], tuple[int, int]]
"""Width and height of an encoded picture."""


@dataclass(frozen=True)
class Demand:
    """What an order needs room for.

    Attributes:
        photo_px: pixels of the picture.
        canvas_px: pixels of the result, at most.
        background_px: pixels of the picture behind the subject; 0 without one.
        marks_px: pixels of the pictures of marks, as they come and at the photo's size; 0 without them.
    """

    photo_px: int
    canvas_px: int
    background_px: int
    marks_px: int = 0

    @property
    def megapixels(self) -> float:
        """Of everything together."""
        return (self.photo_px + self.canvas_px + self.background_px + self.marks_px) / 1e6


def measure(order: Order, max_megapixels: float, read_size: ReadSize) -> Demand:
    """Pixels of an order; reads headers only.

    Args:
        order: what is asked for.
        max_megapixels: the limit on each of photo, result, background and marks.
        read_size: reads a header.

    Raises:
        InputError: one of them is larger, or a header cannot be read.
    """
    width_px, height_px = read_size(order.source)
    check_pixel_limit(width_px, height_px, max_megapixels=max_megapixels)
    if isinstance(size := order.options.size, Canvas):
        check_canvas(size.width_px, size.height_px, max_megapixels)
    return Demand(
        photo_px=width_px * height_px,
        canvas_px=_canvas_pixels(width_px, height_px, order.options, max_megapixels),
        background_px=_pixels_of("background", order.options.background, max_megapixels, read_size),
        marks_px=sum(
            pixels + width_px * height_px
            for name in ("keep", "clear")
            if (pixels := _pixels_of(name, getattr(order.options, name), max_megapixels, read_size))
        ),
    )


def _pixels_of(name: str, value: Background | MarkPicture, max_megapixels: float, read_size: ReadSize) -> int:
    """Pixels of the picture that an option brings; 0 if it brings none."""
    if not (isinstance(value, PictureFile) and isinstance(value.source, bytes)):
        return 0
    try:
        width_px, height_px = read_size(value.source)
        check_pixel_limit(width_px, height_px, max_megapixels=max_megapixels)
    except InputError as error:
        raise InputError(error.code, f"{name}: {error.message}", hint=error.hint) from error
    return width_px * height_px


def _canvas_pixels(width_px: int, height_px: int, options: OutputOptions, max_megapixels: float) -> int:
    """At most so many; exactly, it depends on where the subject is."""
    size, margin = options.size, options.margin
    if isinstance(size, Canvas):
        return size.width_px * size.height_px
    across = width_px + margin.left.of(width_px) + margin.right.of(width_px)
    down = height_px + margin.top.of(height_px) + margin.bottom.of(height_px)
    most = min(across * down, max_megapixels * 1e6)
    if isinstance(size, LongSide):
        most = min(most, size.pixels**2)
    elif isinstance(size, Megapixels):
        most = min(most, size.megapixels * 1e6)
    return round(most)
