"""Options ``crop`` and ``margin``: cut away what is empty around the subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tress.outputs.lengths import Length, read_lengths
from tress.outputs.option import Flag, Kind, Option

_WANTED = "one to four lengths such as 20px or 5% (all; top/bottom left/right; top right bottom left)"
_MAX_PERCENT = 100.0
_MAX_PX = 5000.0
_NOTHING = Length(0)


@dataclass(frozen=True)
class Margin:
    """Room around the cropped subject.

    Pixels are those of the result.  Percent is of the subject: of its height above and below, of its width at its
    sides.
    """

    top: Length = _NOTHING
    right: Length = _NOTHING
    bottom: Length = _NOTHING
    left: Length = _NOTHING

    def __bool__(self) -> bool:
        return any(length.value for length in (self.top, self.right, self.bottom, self.left))

    def __str__(self) -> str:
        return f"{self.top} {self.right} {self.bottom} {self.left}" if self else "0"


class _MarginKind(Kind[Margin]):
    metavar = "LENGTH..."

    def read(self, text: str) -> Margin:
        try:
            lengths = read_lengths(text, at_most=4)
        except ValueError:
            raise ValueError(_WANTED) from None
        if not lengths:
            raise ValueError(_WANTED)
        # As in CSS: what is not given repeats the opposite side; with one length, that.
        top = lengths[0]
        right = lengths[1] if len(lengths) > 1 else top
        bottom = lengths[2] if len(lengths) > 2 else top
        left = lengths[3] if len(lengths) > 3 else right
        value = Margin(top, right, bottom, left)
        self.check(value)
        return value

    def read_other(self, value: object) -> Margin:
        return value if isinstance(value, Margin) else super().read_other(value)

    def check(self, value: Margin) -> None:
        if not isinstance(value, Margin):
            raise ValueError(_WANTED)
        for length in (value.top, value.right, value.bottom, value.left):
            if not 0 <= length.value <= (_MAX_PERCENT if length.percent else _MAX_PX):
                raise ValueError(f"lengths of at most {_MAX_PERCENT:g}% or {_MAX_PX:g}px")

    def schema(self) -> dict[str, Any]:
        one = r"((100|\d{1,2}(\.\d+)?)%|(5000|[0-4]?\d{1,3}(\.\d+)?)([pP][xX])?)"
        return {"type": "string", "pattern": rf"^\s*{one}([ ,]+{one}){{0,3}}\s*$"}


CROP = Option[bool](
    name="crop",
    default=False,
    kind=Flag(),
    help="Cut away what is empty around the subject.",
    group="Canvas",
)

MARGIN = Option[Margin](
    name="margin",
    default=Margin(),
    kind=_MarginKind(),
    help="With crop: room around the subject, in pixels of the result or percent of the subject. One to four lengths, "
    "as in CSS: all sides; top/bottom left/right; top right bottom left.",
    group="Canvas",
    examples=("5%", "20px", "10% 5%"),
)
