"""Array types of the public interface, and checks that turn a wrong array into a clear error.

Conventions everywhere in tress: rows first, origin top left, RGB order, uint8 colours are sRGB-encoded, alpha is
float32 in [0, 1] and straight (not premultiplied) unless a name says otherwise.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tress.errors import InputError

Rgb8: TypeAlias = npt.NDArray[np.uint8]
"""``(H, W, 3)`` uint8, sRGB."""
Rgba8: TypeAlias = npt.NDArray[np.uint8]
"""``(H, W, 4)`` uint8, sRGB, straight alpha."""
Grey8: TypeAlias = npt.NDArray[np.uint8]
"""``(H, W)`` uint8."""
Alpha: TypeAlias = npt.NDArray[np.float32]
"""``(H, W)`` float32 in [0, 1]."""


def check_rgb8(array: Any, name: str = "image") -> Rgb8:
    """Returns ``array`` if it is a non-empty ``(H, W, 3)`` uint8 array.

    Raises:
        InputError: it is not; the message names what it is instead.
    """
    _check(array, name, "(H, W, 3) uint8", lambda a: a.ndim == 3 and a.shape[2] == 3 and a.dtype == np.uint8)
    return array


def check_alpha(array: Any, name: str = "alpha") -> Alpha:
    """Returns ``array`` if it is a non-empty ``(H, W)`` float32 array with values in [0, 1].

    Raises:
        InputError: it is not; the message names what it is instead.
    """
    _check(array, name, "(H, W) float32", lambda a: a.ndim == 2 and a.dtype == np.float32)
    low, high = float(array.min()), float(array.max())
    # A comparison that is also false for NaN.
    if not (low >= 0 and high <= 1):
        raise InputError("array_range", f"{name} must lie in [0, 1] but lies in [{low:g}, {high:g}]")
    return array


def check_same_size(first: npt.NDArray, second: npt.NDArray, names: tuple[str, str]) -> None:
    """Raises InputError unless both arrays have the same height and width."""
    if first.shape[:2] != second.shape[:2]:
        raise InputError(
            "size_mismatch",
            f"{names[0]} is {first.shape[1]}x{first.shape[0]} but {names[1]} is {second.shape[1]}x{second.shape[0]}",
            hint="both must have the same width and height",
        )


def _check(array: Any, name: str, wanted: str, is_right: Any) -> None:
    if not isinstance(array, np.ndarray):
        raise InputError("array_type", f"{name} must be a numpy array but is {type(array).__name__}")
    if not is_right(array):
        raise InputError("array_shape", f"{name} must be {wanted} but is {array.shape} {array.dtype}")
    if array.size == 0:
        raise InputError("array_empty", f"{name} has no pixels: its shape is {array.shape}")
