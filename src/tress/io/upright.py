"""Pillow pictures to upright arrays, a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

from tress.arrays import Alpha, Rgb8

# Small enough to stay below any pixel limit that a host program may have given Pillow.
_STRIP_PX = 1 << 16


def _upright_view(upright: npt.NDArray, turn: int) -> npt.NDArray:
    """A view of the upright array in which the pixels lie as in the file; ``turn`` is the EXIF orientation."""
    stored = upright.swapaxes(0, 1) if turn >= 5 else upright
    if turn in (3, 4, 6, 7):
        stored = stored[::-1]
    if turn in (2, 3, 7, 8):
        stored = stored[:, ::-1]
    return stored


def strips(image: Image.Image) -> Iterator[tuple[slice, npt.NDArray[np.uint8]]]:
    """A picture's pixels a few rows at a time: as one array it would be in memory three times."""
    rows = max(1, _STRIP_PX // image.width)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        yield slice(top, bottom), np.asarray(image.crop((0, top, image.width, bottom)))


def _upright_shape(image: Image.Image, turn: int) -> tuple[int, int]:
    return (image.width, image.height) if turn >= 5 else (image.height, image.width)


def upright_rgb(image: Image.Image, turn: int) -> Rgb8:
    """``(H, W, 3)`` uint8 of a picture of mode L or RGB; ``turn`` is the EXIF orientation, 1 to 8."""
    pixels = np.empty((*_upright_shape(image, turn), 3), np.uint8)
    stored = _upright_view(pixels, turn)
    for rows, strip in strips(image):
        stored[rows] = strip[..., None] if strip.ndim == 2 else strip
    return pixels


def upright_alpha(channel: Image.Image, turn: int) -> Alpha:
    """``(H, W)`` float32 in [0, 1] of a picture of mode L."""
    alpha = np.empty(_upright_shape(channel, turn), np.float32)
    stored = _upright_view(alpha, turn)
    for rows, strip in strips(channel):
        np.divide(strip, np.float32(255), out=stored[rows])
    return alpha
