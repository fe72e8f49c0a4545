"""Option ``size``: how big the result is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from tress.outputs.option import Kind, Option

_WANTED = "WIDTHxHEIGHT (1000x800), a long side in pixels (2000) or megapixels (4mp)"
_CANVAS = re.compile(r"(\d{1,9})\s*[x×]\s*(\d{1,9})")
_LONG_SIDE = re.compile(r"(\d{1,9})\s*(?:px)?")
_MEGAPIXELS = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*mp")
MAX_SIDE_PX = 65_535
MAX_MEGAPIXELS = 100.0


@dataclass(frozen=True)
class Canvas:
    """Exactly this many pixels; what is shown is fitted inside and centred, growing if need be."""

    width_px: int
    height_px: int

    def __str__(self) -> str:
        return f"{self.width_px}x{self.height_px}"


@dataclass(frozen=True)
class LongSide:
    """At most this many pixels on the longer side; smaller results are left alone."""

    pixels: int

    def __str__(self) -> str:
        return str(self.pixels)


@dataclass(frozen=True)
class Megapixels:
    """At most this many million pixels; smaller results are left alone."""

    megapixels: float

    def __str__(self) -> str:
        return f"{self.megapixels:g}mp"


Size: TypeAlias = Canvas | LongSide | Megapixels | None


class _SizeKind(Kind[Size]):
    metavar = "WxH|N|Nmp"

    def read(self, text: str) -> Size:
        word = text.strip().lower()
        value: Size
        if canvas := _CANVAS.fullmatch(word):
            value = Canvas(int(canvas[1]), int(canvas[2]))
        elif side := _LONG_SIDE.fullmatch(word):
            value = LongSide(int(side[1]))
        elif megapixels := _MEGAPIXELS.fullmatch(word):
            value = Megapixels(float(megapixels[1]))
        else:
            raise ValueError(_WANTED)
        self.check(value)
        return value

    def read_other(self, value: object) -> Size:
        return value if isinstance(value, (Canvas, LongSide, Megapixels)) else super().read_other(value)

    def check(self, value: Size) -> None:
        if isinstance(value, Canvas):
            sides = (value.width_px, value.height_px)
            if not all(1 <= side <= MAX_SIDE_PX for side in sides) or sides[0] * sides[1] > MAX_MEGAPIXELS * 1e6:
                raise ValueError(f"1 to {MAX_SIDE_PX} pixels a side and at most {MAX_MEGAPIXELS:g} megapixels")
        elif isinstance(value, LongSide):
            if not 1 <= value.pixels <= MAX_SIDE_PX:
                raise ValueError(f"a long side of 1 to {MAX_SIDE_PX} pixels")
        elif isinstance(value, Megapixels):
            if not 0.0001 <= value.megapixels <= MAX_MEGAPIXELS:
                raise ValueError(f"0.0001mp to {MAX_MEGAPIXELS:g}mp")
        elif value is not None:
            raise ValueError(_WANTED)

    def schema(self) -> dict[str, Any]:
        pattern = r"^\s*(\d+\s*[xX×]\s*\d+|\d+\s*([pP][xX])?|(\d+(\.\d+)?|\.\d+)\s*[mM][pP])\s*$"
        return {"type": "string", "pattern": pattern}


OPTION = Option[Size](
    name="size",
    default=None,
    kind=_SizeKind(),
    help="Size of the result: 1000x800 is an exact canvas that the picture is fitted into; 2000 limits the long side "
    "and 4mp the megapixels (both only shrink). Unset: the input's own pixels.",
    group="Canvas",
    examples=("1000x1000", "2000", "0.25mp"),
)
