"""Where the photo lies on the canvas: crop, margin, size, scale and position in numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tress.errors import InputError
from tress.outputs.box import Box
from tress.outputs.lengths import Length
from tress.outputs.options import OutputOptions
from tress.outputs.placement import CENTRE
from tress.outputs.size import MAX_MEGAPIXELS, Canvas, Megapixels


@dataclass(frozen=True)
class Layout:
    """A canvas, and the photo on it: photo pixel border x lies at ``scale * x + left_px`` on the canvas.

    Attributes:
        width_px, height_px: of the canvas.
        scale: canvas pixels per photo pixel.
        left_px, top_px: whole numbers when ``scale`` is 1.
    """

    width_px: int
    height_px: int
    scale: float = 1.0
    left_px: float = 0.0
    top_px: float = 0.0


@dataclass(frozen=True)
class _Side:
    """One axis of what is shown: ``grows`` photo pixels, of which the subject starts at ``before``, plus fixed room."""

    grows: float
    fixed_px: float = 0.0
    start: float = 0.0
    before_px: float = 0.0

    def at(self, scale: float) -> float:
        return self.grows * scale + self.fixed_px


def lay_out(width_px: int, height_px: int, subject: Box | None, options: OutputOptions) -> Layout:
    """Works out the canvas for a photo.

    Without a subject there is nothing to crop to, scale or position; only size has an effect.

    Args:
        width_px, height_px: of the photo.
        subject: where it is in the photo.
        options: crop, margin, size, scale and position count.

    Raises:
        InputError: the canvas would be too large, or the margin leaves no room on it.
    """
    across, down = _Side(width_px), _Side(height_px)
    if options.crop and subject:
        margin = options.margin
        across = _with_margin(subject.left_px, subject.width_px, margin.left, margin.right)
        down = _with_margin(subject.top_px, subject.height_px, margin.top, margin.bottom)
    scale = _scale(across, down, options)
    if isinstance(options.size, Canvas):
        canvas_width, canvas_height = options.size.width_px, options.size.height_px
    else:
        canvas_width, canvas_height = max(1, round(across.at(scale))), max(1, round(down.at(scale)))
    _check_canvas(canvas_width, canvas_height, width_px * height_px)
    left = (canvas_width - across.at(scale)) / 2 + across.before_px - across.start * scale
    top = (canvas_height - down.at(scale)) / 2 + down.before_px - down.start * scale
    if subject and (options.scale or options.position):
        scale, left, top = _place(canvas_width, canvas_height, subject, (scale, left, top), options)
    if scale == 1:
        left, top = math.floor(left + 0.5), math.floor(top + 0.5)
    return Layout(canvas_width, canvas_height, scale, left, top)


def _with_margin(start: int, length: int, before: Length, after: Length) -> _Side:
    """The subject's extent on one axis and its margins: percent grows with it, pixels do not."""
    grows_before = before.of(length) if before.percent else 0.0
    grows_after = after.of(length) if after.percent else 0.0
    before_px = 0.0 if before.percent else before.value
    after_px = 0.0 if after.percent else after.value
    return _Side(length + grows_before + grows_after, before_px + after_px, start - grows_before, before_px)


def _scale(across: _Side, down: _Side, options: OutputOptions) -> float:
    size = options.size
    if size is None:
        return 1.0
    if isinstance(size, Megapixels):
        scale = _scale_to_area(across, down, size.megapixels * 1e6)
    else:
        width = size.width_px if isinstance(size, Canvas) else size.pixels
        height = size.height_px if isinstance(size, Canvas) else size.pixels
        scale = min((width - across.fixed_px) / across.grows, (height - down.fixed_px) / down.grows)
    if scale <= 0:
        raise InputError(
            "margin_too_large", f"the margin leaves no room for the subject in size {size}", hint="lower margin"
        )
    return scale if isinstance(size, Canvas) else min(1.0, scale)


def _scale_to_area(across: _Side, down: _Side, pixels: float) -> float:
    """The scale at which ``across.at(scale) * down.at(scale)`` is ``pixels``: the larger root of a parabola."""
    a = across.grows * down.grows
    b = across.grows * down.fixed_px + across.fixed_px * down.grows
    c = across.fixed_px * down.fixed_px - pixels
    return (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)


def _place(
    width: int, height: int, subject: Box, at: tuple[float, float, float], options: OutputOptions
) -> tuple[float, float, float]:
    """Scale, left and top after the options scale and position; ``at`` is what they were."""
    scale, left, top = at
    centre_x = left + scale * (subject.left_px + subject.width_px / 2)
    centre_y = top + scale * (subject.top_px + subject.height_px / 2)
    if options.scale:
        scale = options.scale / 100 * min(width / subject.width_px, height / subject.height_px)
    subject_width, subject_height = scale * subject.width_px, scale * subject.height_px
    position = options.position or CENTRE
    if position.original:
        subject_left, subject_top = centre_x - subject_width / 2, centre_y - subject_height / 2
    else:
        subject_left = (width - subject_width) * position.x_percent / 100
        subject_top = (height - subject_height) * position.y_percent / 100
    return scale, subject_left - scale * subject.left_px, subject_top - scale * subject.top_px


def _check_canvas(width: int, height: int, photo_pixels: int) -> None:
    # A photo that was let in may come out at its own size, whatever its size.
    if width * height > max(MAX_MEGAPIXELS * 1e6, photo_pixels):
        raise InputError(
            "canvas_too_large",
            f"the result would have {width}x{height} pixels, more than {MAX_MEGAPIXELS:g} megapixels",
            hint="lower margin, or set size",
        )
