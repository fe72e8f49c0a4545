"""Options ``scale`` and ``position``: how large the subject is on the canvas, and where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tress.outputs.option import Kind, Number, Option

_WANTED = "original, center, or one or two percentages (left to right, top to bottom) such as 50% 100%"
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%?")


@dataclass(frozen=True)
class Position:
    """Where the subject stands, as CSS background-position counts: 0 % touches left or top, 100 % right or bottom.

    Attributes:
        x_percent, y_percent: share of the free room that lies left of and above the subject.
        original: keep the place it had; the percentages mean nothing then.
    """

    x_percent: float = 50.0
    y_percent: float = 50.0
    original: bool = False

    def __str__(self) -> str:
        return "original" if self.original else f"{self.x_percent:g}% {self.y_percent:g}%"


CENTRE = Position()
_WORDS = {"center": CENTRE, "centre": CENTRE, "original": Position(original=True)}


class _PositionKind(Kind[Position | None]):
    metavar = "X% Y%|center|original"

    def read(self, text: str) -> Position | None:
        word = text.strip().lower()
        if word in _WORDS:
            return _WORDS[word]
        matches = [_PERCENT.fullmatch(part) for part in word.replace(",", " ").split(None, 2)]
        if len(matches) not in {1, 2} or not all(matches):
            raise ValueError(_WANTED)
        percents = [float(match[1]) for match in matches if match]
        value = Position(percents[0], percents[-1])
        self.check(value)
        return value

    def read_other(self, value: object) -> Position | None:
        return value if isinstance(value, Position) else super().read_other(value)

    def check(self, value: Position | None) -> None:
        if value is None:
            return
        if not isinstance(value, Position):
            raise ValueError(_WANTED)
        if not (0 <= value.x_percent <= 100 and 0 <= value.y_percent <= 100):
            raise ValueError("percentages from 0% to 100%")

    def schema(self) -> dict[str, Any]:
        percent = r"(100|\d{1,2}(\.\d+)?)%?"
        return {"type": "string", "pattern": rf"^\s*(center|centre|original|{percent}([ ,]+{percent})?)\s*$"}


SCALE = Option[float | None](
    name="scale",
    default=None,
    kind=Number[float | None](1, 100, unit="%", metavar="PERCENT"),
    help="Size of the subject, in percent of the canvas: at 100 it touches two borders. Unset: as it is.",
    group="Canvas",
    examples=("80", "90%"),
)

POSITION = Option[Position | None](
    name="position",
    default=None,
    kind=_PositionKind(),
    help="Where the subject stands on the canvas: original, center, or percent of the free room left of and above it "
    "('50% 100%': bottom centre). Unset: original, or center when scale is given.",
    group="Canvas",
    examples=("center", "50% 100%"),
)
