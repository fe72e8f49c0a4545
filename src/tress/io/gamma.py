"""Colours told by a power and by the chromaticities of primaries: PNG ``gAMA`` and ``cHRM``, Adobe RGB in EXIF."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from tress.io.shaper import D65, SRGB_PRIMARIES, Point, Shaper, srgb_to_linear, to_xyz_d50

_UNIT = 100_000
# Linear light has 1, screens have up to 2.8.  What is far from that was written by mistake, as 2.2 in place of 1/2.2.
_LEAST, _MOST = 1.0, 4.0
_TOLERANCE = 1e-3
# The power that stands for the curve of sRGB beside its primaries, and what programs make of it by rounding.
_LIKE_SRGB, _ROUNDED = 2.2, 0.05
_SAME_POINT = 3e-3
_LEAST_AREA = 1e-2


@dataclass(frozen=True)
class GammaSpace:
    """An RGB space of three primaries and a power.

    Attributes:
        exponent: of the power from stored values to light; None for the curve of sRGB.
        primaries: x and y of red, green and blue.
        white: x and y.
    """

    exponent: float | None
    primaries: tuple[Point, Point, Point] = SRGB_PRIMARIES
    white: Point = D65

    @property
    def is_srgb(self) -> bool:
        """Whether the pixels are taken as they are: sRGB itself is told by a power of 2.2."""
        points = zip((*self.primaries, self.white), (*SRGB_PRIMARIES, D65), strict=True)
        is_near = all(abs(a - b) <= _SAME_POINT for one, other in points for a, b in zip(one, other, strict=True))
        return is_near and (self.exponent is None or abs(self.exponent / _LIKE_SRGB - 1) <= _ROUNDED)

    @property
    def warning(self) -> str:
        """What cannot be honoured: nothing."""
        return ""

    def shaper(self) -> Shaper | None:
        """The way to sRGB; None if there is nothing to do."""
        if self.is_srgb:
            return None
        exponent = self.exponent
        curve = srgb_to_linear if exponent is None else lambda v: v**exponent
        return Shaper((curve, curve, curve), to_xyz_d50(self.primaries, self.white))


ADOBE_RGB = GammaSpace(563 / 256, ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)))


def read_gamma_space(gamma: bytes, chromaticities: bytes) -> tuple[GammaSpace | None, list[str]]:
    """The space that the chunks ``gAMA`` and ``cHRM`` of a PNG file tell, and warnings.

    Args:
        gamma: content of ``gAMA``, or nothing.
        chromaticities: content of ``cHRM``, or nothing.

    Returns:
        None if neither says anything that can be meant.
    """
    exponent, points, warnings = None, None, []
    if gamma:
        exponent = _exponent(gamma)
        if exponent is None:
            warnings.append("the gamma value of the PNG file cannot be meant and was ignored")
    if chromaticities:
        points = _points(chromaticities)
        if points is None:
            warnings.append("the chromaticities of the PNG file cannot be meant and were ignored")
    if points is not None:
        white, red, green, blue = points
        return GammaSpace(exponent, (red, green, blue), white), warnings
    return (GammaSpace(exponent) if exponent is not None else None), warnings


def _exponent(content: bytes) -> float | None:
    value = int.from_bytes(content[:4], "big")
    exponent = _UNIT / value if value and len(content) == 4 else 0.0
    return exponent if _LEAST - _TOLERANCE <= exponent <= _MOST + _TOLERANCE else None


def _points(content: bytes) -> tuple[Point, Point, Point, Point] | None:
    """White, red, green and blue; None if no colours can be made of them."""
    if len(content) != 32:
        return None
    numbers = [value / _UNIT for value in struct.unpack(">8I", content)]
    white, red, green, blue = zip(numbers[::2], numbers[1::2], strict=True)
    if any(y <= 0 or x + y > 1 + _TOLERANCE for x, y in (white, red, green, blue)):
        return None
    sides = np.array([red, green]) - blue
    if abs(np.linalg.det(sides)) / 2 < _LEAST_AREA:
        return None
    # White must be a mixture of the primaries.
    shares = np.linalg.solve(sides.T, np.array(white) - blue)
    if min(*shares, 1 - shares.sum()) <= 0:
        return None
    return white, red, green, blue
