"""Lengths in pixels or in percent, as margin and position take them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(px|%)?")


@dataclass(frozen=True)
class Length:
    """A length: pixels, or percent of something that the option names."""

    value: float
    percent: bool = False

    def of(self, whole_px: float) -> float:
        """In pixels, if 100 % is ``whole_px``."""
        return whole_px * self.value / 100 if self.percent else self.value

    def __str__(self) -> str:
        return f"{self.value:g}{'%' if self.percent else 'px'}"


def read_lengths(text: str, *, at_most: int) -> list[Length]:
    """Understands lengths with spaces or commas between them.

    Raises:
        ValueError: one is none, or there are more than ``at_most``.
    """
    words = text.replace(",", " ").split(None, at_most)
    if len(words) > at_most:
        raise ValueError("fewer lengths")
    return [read_length(word) for word in words]


def read_length(text: str) -> Length:
    """Understands ``12``, ``12px`` and ``12%``.

    Raises:
        ValueError: it is none of them.
    """
    match = _LENGTH.fullmatch(text.strip().lower())
    if not match:
        raise ValueError("a length such as 20px or 5%")
    return Length(float(match[1]), match[2] == "%")
