"""Reading alpha from a file: a grey picture of 1, 8 or 16 bits, or the fourth channel of a cut-out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tress.arrays import Alpha, Grey8, Rgb8
from tress.errors import InputError


@dataclass(frozen=True, eq=False)
class AlphaFile:
    """What an alpha file holds.

    Attributes:
        alpha: ``(H, W)`` float32 in [0, 1].
        foreground: ``(H, W, 3)`` uint8 sRGB, straight, if the file is a cut-out, else None.
    """

    alpha: Alpha
    foreground: Rgb8 | None = None


def read_alpha(path: Path) -> AlphaFile:
    """Reads the numbers as they stand: no colour profile and no orientation is applied.

    Raises:
        InputError: ``alpha_missing``, ``alpha_unreadable``, or ``alpha_not_grey`` for a colour picture without a
            fourth channel.
    """
    try:
        with Image.open(path) as image:
            image.load()
            return alpha_of(image, path)
    except FileNotFoundError as error:
        raise InputError("alpha_missing", f"there is no {path}") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError("alpha_unreadable", f"{path} cannot be read: {error}") from error


def alpha_of(image: Image.Image, path: Path) -> AlphaFile:
    """What a decoded alpha file holds.

    Args:
        image: the decoded file.
        path: its name, for the message.

    Raises:
        InputError: ``alpha_not_grey`` for a colour picture without a fourth channel.
    """
    if image.mode.startswith("I"):
        return AlphaFile(np.clip(np.asarray(image).astype(np.float32) / 65535, 0, 1))
    if image.mode in ("1", "L"):
        return AlphaFile(_from_8_bits(np.asarray(image.convert("L"))))
    if image.mode in ("LA", "RGBA", "PA") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        return AlphaFile(_from_8_bits(rgba[..., 3]), np.ascontiguousarray(rgba[..., :3]))
    rgb = np.asarray(image.convert("RGB"))
    if (rgb != rgb[..., :1]).any():
        raise InputError("alpha_not_grey", f"{path} is a colour picture, not an alpha")
    return AlphaFile(_from_8_bits(rgb[..., 0]))


def _from_8_bits(plane: Grey8) -> Alpha:
    return np.divide(plane, 255, dtype=np.float32)
