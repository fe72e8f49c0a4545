"""Profiles that are nothing but curves and a matrix, read for pictures that LittleCMS, as Pillow has it, cannot take.

Pillow hands 8 bits a channel to LittleCMS.  A linear profile spreads the darkest of them over many levels of sRGB, so
that pictures of 16 bits have to be converted before they lose bits.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tress.io.shaper import Curve, Shaper

_HEADER_BYTES, _MAX_TAGS = 128, 200
_COLUMNS, _CURVES = (b"rXYZ", b"gXYZ", b"bXYZ"), (b"rTRC", b"gTRC", b"bTRC")
# Parameters of each kind of parametric curve: g, then a b c d e f as far as it has them.
_PARAMETERS = (1, 3, 4, 5, 7)


def read_shaper(profile: bytes) -> Shaper | None:
    """Curves and matrix of an RGB or grey profile; None if it holds more than that, or cannot be read."""
    try:
        tags = _tags(profile)
        space = profile[16:20]
        # Tables take precedence over curves.
        if any(name.startswith(b"A2B") for name in tags):
            return None
        if space == b"GRAY":
            curve = _curve(tags[b"kTRC"])
            return Shaper((curve if profile[20:24] == b"XYZ " else lambda v: _from_lightness(curve(v)),))
        if space != b"RGB " or profile[20:24] != b"XYZ ":
            return None
        columns = [_xyz(tags[name]) for name in _COLUMNS]
        return Shaper(tuple(_curve(tags[name]) for name in _CURVES), np.stack(columns, axis=1))
    except (KeyError, ValueError, IndexError, struct.error):
        return None


def _from_lightness(v: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """L* of Lab, here from 0 to 1, as light."""
    f = (v * 100 + 16) / 116
    return np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))


def _tags(profile: bytes) -> Mapping[bytes, bytes]:
    count = struct.unpack_from(">I", profile, _HEADER_BYTES)[0]
    tags = {}
    for i in range(min(count, _MAX_TAGS)):
        name, start, length = struct.unpack_from(">4sII", profile, _HEADER_BYTES + 4 + 12 * i)
        tags[name] = profile[start : start + length]
    return tags


def _xyz(tag: bytes) -> npt.NDArray[np.float64]:
    return np.array([_fixed(tag, 8 + 4 * i) for i in range(3)])


def _fixed(tag: bytes, at: int) -> float:
    return float(struct.unpack_from(">i", tag, at)[0]) / 65536


def _curve(tag: bytes) -> Curve:
    if tag[:4] == b"para":
        return _parametric(tag)
    if tag[:4] != b"curv":
        raise ValueError("an unknown kind of curve")
    count = struct.unpack_from(">I", tag, 8)[0]
    if count == 0:
        return np.array
    if count == 1:
        gamma = struct.unpack_from(">H", tag, 12)[0] / 256
        return lambda v: v**gamma
    points = np.frombuffer(tag, ">u2", count, 12) / 65535
    places = np.linspace(0, 1, count)
    return lambda v: np.interp(v, places, points)


def _parametric(tag: bytes) -> Curve:
    kind = struct.unpack_from(">H", tag, 8)[0]
    given = [_fixed(tag, 12 + 4 * i) for i in range(_PARAMETERS[kind])]
    g, a, b, c, d, e, f = given + [0.0] * (7 - len(given))
    if kind == 0:
        return lambda v: v**g
    if kind in (1, 2):
        # Kind 2 adds its constant, here c, on both sides.
        start = -b / a
        return lambda v: np.where(v >= start, np.maximum(a * v + b, 0) ** g + c, c)
    return lambda v: np.where(v >= d, np.maximum(a * v + b, 0) ** g + e, c * v + f)
