"""Option ``background``: what the subject stands on instead of its old background."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from tress.arrays import Rgb8
from tress.errors import InputError
from tress.outputs.colour import Colour, read_colour
from tress.outputs.option import Kind, Option
from tress.outputs.picture_file import PictureFile
from tress.process.composite import over

_WANTED = "a CSS colour, blur, blur:N% or a picture file"
_BLUR = re.compile(r"blur(?::(\d+(?:\.\d+)?)%?)?")


@dataclass(frozen=True)
class Blur:
    """The old background, out of focus.

    Attributes:
        percent: strength: the blur's sigma, in percent of the photo's long side.
    """

    percent: float = 2.0

    def __str__(self) -> str:
        return f"blur:{self.percent:g}%"


@dataclass(frozen=True)
class PictureBackground(PictureFile):
    """A picture that fills the canvas: scaled until it covers it, centred, the rest cut off."""

    what = "background"

    @cached_property
    def pixels(self) -> Rgb8:
        """``(H, W, 3)`` uint8 sRGB, decoded once; its own transparent parts are white.

        Raises:
            InputError: it cannot be read.
        """
        picture = self.decode()
        if picture.alpha is None:
            return picture.pixels
        return over(picture.pixels, picture.alpha, np.array([255, 255, 255], np.uint8))


Background: TypeAlias = Colour | Blur | PictureBackground | None


class _BackgroundKind(Kind[Background]):
    metavar = "COLOUR|blur|FILE"
    takes_file = True

    def read(self, text: str) -> Background:
        word = text.strip().lower()
        if blur := _BLUR.fullmatch(word):
            value = Blur(float(blur[1])) if blur[1] else Blur()
            self.check(value)
            return value
        try:
            colour = read_colour(word)
        except ValueError:
            raise ValueError(_WANTED) from None
        return None if colour.alpha == 0 else colour

    def read_other(self, value: object) -> Background:
        if isinstance(value, (bytes, Path)):
            return PictureBackground(value)
        if isinstance(value, (Colour, Blur, PictureBackground)):
            self.check(value)
            return value
        raise ValueError(_WANTED)

    def check(self, value: Background) -> None:
        if isinstance(value, Blur) and not 0.1 <= value.percent <= 20:
            raise ValueError("blur:0.1% to blur:20%")
        if not (value is None or isinstance(value, (Colour, Blur, PictureBackground))):
            raise ValueError(_WANTED)

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


OPTION = Option[Background](
    name="background",
    default=None,
    kind=_BackgroundKind(),
    help="Put the subject on a CSS colour (white, #1e90ff80, rgb(0 0 0 / 50%), hsl(120 100% 50%)), on a picture file, "
    "or on the old background out of focus (blur, or blur:5% for stronger). Unset: transparent.",
    group="Look",
    examples=("white", "#1e90ff", "blur"),
)


def is_opaque(background: Background) -> bool:
    """Whether nothing shines through."""
    return background is not None and not (isinstance(background, Colour) and background.alpha < 1)


def check_readable(background: Background) -> None:
    """Raises InputError if the background is a picture that cannot be read."""
    if isinstance(background, PictureBackground) and background.pixels.size == 0:
        raise InputError("background_empty", "the background picture has no pixels")
