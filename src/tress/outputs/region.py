"""Option ``region``: the part of the photo in which the subject is looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from tress.errors import InputError
from tress.outputs.box import Box
from tress.outputs.lengths import Length, read_lengths
from tress.outputs.option import Kind, Option

_WANTED = "two corners such as 10% 20% 60% 100% or 20 0 60 40 (left top right bottom)"
# More than any picture has, in pixels or percent.
_MAX = 1e9


@dataclass(frozen=True)
class Region:
    """A rectangle by two opposite corners; percent are of the photo's width and height."""

    left: Length
    top: Length
    right: Length
    bottom: Length

    def __str__(self) -> str:
        return f"{self.left} {self.top} {self.right} {self.bottom}"

    def box(self, width_px: int, height_px: int) -> Box:
        """The region in a photo of this size.

        Raises:
            InputError: it reaches beyond the photo, or holds no pixel of it.
        """
        left, right = sorted(round(length.of(width_px)) for length in (self.left, self.right))
        top, bottom = sorted(round(length.of(height_px)) for length in (self.top, self.bottom))
        if right > width_px or bottom > height_px:
            raise InputError(
                "region_outside",
                f"the region {self} reaches beyond the picture of {width_px}x{height_px} pixels",
                hint="give corners inside it, or percentages",
            )
        if left == right or top == bottom:
            raise InputError("region_empty", f"the region {self} holds no pixel of the picture")
        return Box(left, top, right - left, bottom - top)


RegionInput: TypeAlias = "Region | str | tuple[float, float, float, float]"


def read_region(value: RegionInput) -> Region:
    """Understands a region, text such as ``10% 20% 60% 100%``, and four numbers in pixels.

    Raises:
        InputError: it is none of them.
    """
    if isinstance(value, Region):
        return value
    try:
        return OPTION.kind.read(value if isinstance(value, str) else " ".join(map(str, value)))
    except ValueError as error:
        wanted = str(error)
    except TypeError:
        wanted = _WANTED
    raise InputError("option_value", f"region is {str(value)[:60]!r}, but it must be {wanted}")


class _RegionKind(Kind["Region | None"]):
    metavar = "LEFT TOP RIGHT BOTTOM"

    def read(self, text: str) -> Region | None:
        try:
            corners = read_lengths(text, at_most=4)
        except ValueError:
            raise ValueError(_WANTED) from None
        if len(corners) != 4:
            raise ValueError(_WANTED)
        value = Region(*corners)
        self.check(value)
        return value

    def read_other(self, value: object) -> Region | None:
        return value if isinstance(value, Region) else super().read_other(value)

    def check(self, value: Region | None) -> None:
        if value is None:
            return
        if not isinstance(value, Region):
            raise ValueError(_WANTED)
        for length in (value.left, value.top, value.right, value.bottom):
            if not 0 <= length.value <= _MAX:
                raise ValueError(_WANTED)

    def schema(self) -> dict[str, Any]:
        one = r"((100|\d{1,2}(\.\d+)?)%|\d{1,9}(\.\d+)?([pP][xX])?)"
        return {"type": "string", "pattern": rf"^\s*{one}([ ,]+{one}){{3}}\s*$"}


OPTION = Option["Region | None"](
    name="region",
    default=None,
    kind=_RegionKind(),
    help="Look for the subject only here: two corners (left top right bottom) in pixels or percent of the upright "
    "photo. Nothing outside is kept. Unset: everywhere.",
    group="Subject",
    examples=("10% 20% 60% 100%", "20 0 60 40"),
)
