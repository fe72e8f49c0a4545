"""Which module reads which format."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from PIL import BmpImagePlugin

from tress.io.formats import apng, gif, heif, jpeg, png, tiff, webp
from tress.io.formats.outline import Outline
from tress.io.formats.reel import Reel


def _bmp(file: BinaryIO) -> Outline:
    return Outline(lambda: BmpImagePlugin.BmpImageFile(file), has_more=False)


OUTLINES: dict[str, Callable[[BinaryIO], Outline]] = {
    "jpeg": jpeg.outline,
    "png": png.outline,
    "webp": webp.outline,
    "tiff": tiff.outline,
    "bmp": _bmp,
    "gif": gif.outline,
    "avif": heif.outline_avif,
    "heic": heif.outline_heic,
}
"""From the name of a format, as ``tress.io.containers`` knows it, to what looks at a file that stands at its start."""

REELS: dict[str, Callable[[BinaryIO], Reel | None]] = {"gif": gif.reel, "png": apng.reel, "webp": webp.reel}
"""The same to what reads the frames of an animation."""
