"""What a file's container says, before a decoder sees the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np
import numpy.typing as npt
from PIL import ImageFile

from tress.errors import InputError
from tress.io.shaper import ColourSpace


@dataclass(frozen=True)
class Samples:
    """Pixels that Pillow has no mode for, deeper than 8 bits or of more channels than it knows.

    Attributes:
        read: gives ``(H, W, C)``, uint8 or uint16 in the machine's order, as stored.
        colour: what the first channels are: ``grey``, ``rgb``, ``cmyk`` or ``lab``.  Lab has its three numbers in
            unsigned samples: L from 0 to 100, a and b shifted by half of the range.
        alpha_at: index of the alpha channel, or None.
        premultiplied: colours are multiplied by alpha.
        inverted: 0 is white.
        key: the clear colour, one number per channel, or None.
    """

    read: Callable[[], npt.NDArray[np.uint8] | npt.NDArray[np.uint16]]
    colour: str
    alpha_at: int | None = None
    premultiplied: bool = False
    inverted: bool = False
    key: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Outline:
    """What is known of a picture file, and how to open it.

    Attributes:
        open: gives the file as a Pillow image whose pixels are not decoded yet.
        size_px: width and height as stored; None where only the opened image tells.
        has_more: frames or pages are left out; None where only the opened image tells.
        dpi: dots per inch as stored, likewise.
        turn: the EXIF orientation, 1 to 8, where it is told outside of EXIF.
        exif: a TIFF-structured block; None where the opened image has it, or nobody.
        xmp: a packet, likewise.
        icc: colour profile, likewise.
        colour: how colours are told without a profile; it replaces one.
        aperture: left, top, right and bottom of what is to be shown of the stored pixels.
        covered: left, top, right and bottom of what the first frame covers; the rest of the canvas is clear.
        clear_grey: the clear level of a grey picture at 8 bits, where Pillow gives another.
        samples: how to read pixels that Pillow cannot.
        warnings: in whole sentences.
    """

    open: Callable[[], ImageFile.ImageFile]
    size_px: tuple[int, int] | None = None
    has_more: bool | None = None
    dpi: tuple[float, float] | None = None
    turn: int | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    icc: bytes | None = None
    colour: ColourSpace | None = None
    aperture: tuple[int, int, int, int] | None = None
    covered: tuple[int, int, int, int] | None = None
    clear_grey: int | None = None
    samples: Samples | None = None
    warnings: list[str] = field(default_factory=list)


def refuse(what: str) -> NoReturn:
    """Raises InputError ``picture_corrupt`` for a file that no honest program writes."""
    raise InputError("picture_corrupt", what, hint="open it in another program and save it again")


def ends_too_early(what: str, cause: Exception | None = None) -> NoReturn:
    """Raises InputError ``picture_truncated``."""
    raise InputError(
        "picture_truncated",
        f"the {what} file ends too early",
        hint="it was not copied or downloaded completely; get it again",
    ) from cause


def unsupported(what: str, hint: str = "convert it to an 8-bit PNG, JPEG or TIFF first") -> NoReturn:
    """Raises InputError ``picture_unsupported``."""
    raise InputError("picture_unsupported", what, hint=hint)


def refuse_raw() -> NoReturn:
    """Raises InputError ``picture_unsupported``: what a camera's sensor saw is not a picture yet."""
    unsupported(
        "camera raw files are not supported",
        hint="develop it in a program for raw files and save it as JPEG, TIFF or PNG; or give the camera's own JPEG",
    )


def check_coded_size(coded_px: int, announced_px: int, what: str) -> None:
    """Refuses a file whose decoder would make far more pixels than the header announces.

    Tiles reach over the border of a picture, so that some more are honest.

    Raises:
        InputError: ``picture_corrupt``.
    """
    if coded_px > 4 * announced_px + (1 << 20):
        refuse(f"the {what} file announces {announced_px} pixels but holds {coded_px}")
