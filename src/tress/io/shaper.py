"""Colours of any depth to sRGB in three steps: a curve for each channel, a matrix, the curve of sRGB."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from tress.arrays import Rgb8

Curve: TypeAlias = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
"""From stored values in [0, 1] to light, where 1 is white."""
Point: TypeAlias = tuple[float, float]

SRGB_PRIMARIES: tuple[Point, Point, Point] = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
D65: Point = (0.3127, 0.3290)
# As the chromatic adaptation of ICC profiles is defined: Bradford, to the white of D50.
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50 = np.array([0.9642, 1.0, 0.8249])
_PIECE_PX = 1 << 18
# Steps of the table from light to sRGB; in the darkest colours two of them are a twentieth of a level apart.
_STEPS = 65535


def srgb_to_linear(v: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """IEC 61966-2-1."""
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(v: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The inverse of ``srgb_to_linear``."""
    return np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055)


def to_xyz_d50(primaries: tuple[Point, ...], white: Point) -> npt.NDArray[np.float64]:
    """The matrix from linear RGB of these chromaticities to XYZ under D50; ``(3, 3)``, for columns."""

    def xyz(x: float, y: float) -> npt.NDArray[np.float64]:
        return np.array([x / y, 1.0, (1 - x - y) / y])

    columns = np.stack([xyz(*point) for point in primaries], axis=1)
    columns = columns * np.linalg.solve(columns, xyz(*white))
    scale = (_BRADFORD @ _D50) / (_BRADFORD @ xyz(*white))
    return np.linalg.inv(_BRADFORD) @ np.diag(scale) @ _BRADFORD @ columns


_FROM_XYZ = np.linalg.inv(to_xyz_d50(SRGB_PRIMARIES, D65))


def xyz_to_srgb8(xyz: npt.NDArray[np.float64]) -> Rgb8:
    """``(..., 3)`` XYZ under D50, where Y of white is 1, to uint8 sRGB; colours beyond it are cut off."""
    return _encoded(xyz @ _FROM_XYZ.T)


@dataclass(frozen=True)
class Shaper:
    """The way from a colour space with curves and primaries to sRGB, with the relative colorimetric intent.

    Attributes:
        curves: one for a grey space, three for RGB.
        to_xyz: ``(3, 3)`` from linear RGB to XYZ under D50; None for grey.
    """

    curves: tuple[Curve, ...]
    to_xyz: npt.NDArray[np.float64] | None = None

    def for_grey(self) -> Shaper:
        """The same for pixels of one channel, where all three curves are one."""
        return Shaper(self.curves[:1])

    def apply(self, pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> Rgb8:
        """Converts pixels.

        Args:
            pixels: uint8 or uint16; ``(H, W)`` for a grey space, ``(H, W, 3)`` for RGB.

        Returns:
            uint8 sRGB of the same shape.
        """
        result = np.empty(pixels.shape, np.uint8)
        steps = np.linspace(0, 1, int(np.iinfo(pixels.dtype).max) + 1)
        tables = [curve(steps).astype(np.float32) for curve in self.curves]
        rows = max(1, _PIECE_PX // pixels.shape[1])
        for top in range(0, pixels.shape[0], rows):
            part = pixels[top : top + rows]
            if self.to_xyz is None:
                result[top : top + rows] = _encoded(tables[0][part])
                continue
            light = np.stack([table[part[..., i]] for i, table in enumerate(tables)], axis=-1)
            result[top : top + rows] = _encoded(light @ (_FROM_XYZ @ self.to_xyz).T.astype(np.float32))
        return result


class ColourSpace(Protocol):
    """How a file tells its colours, other than by a profile."""

    @property
    def warning(self) -> str:
        """What cannot be honoured, in a whole sentence; or nothing."""

    def shaper(self) -> Shaper | None:
        """The way to sRGB, the same curve for each channel; None if there is nothing to do, or it is not known."""


@functools.cache
def _table() -> npt.NDArray[np.uint8]:
    return np.round(linear_to_srgb(np.linspace(0, 1, _STEPS + 1)) * 255).astype(np.uint8)


def _encoded(light: npt.NDArray) -> Rgb8:
    return _table()[(np.clip(light, 0, 1) * _STEPS + 0.5).astype(np.uint16)]
