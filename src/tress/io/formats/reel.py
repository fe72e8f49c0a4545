"""What an animated file holds: the pictures that its frames are put together of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Literal

from tress.io.formats.outline import check_coded_size, refuse

# A quarter of an hour at the pace of most; each is a picture for the networks.
MAX_FRAMES = 10_000


@dataclass(frozen=True)
class Part:
    """What one frame draws.

    Attributes:
        open: gives a whole file of this one picture, in the format of the animation; None where nothing is drawn.
        box: left, top, right and bottom of its place on the canvas; it may reach beyond.
        duration_ms: how long the frame is shown; 0 if the file does not say.
        is_over: it is laid over what is there; otherwise it replaces that.
        then: what becomes of its place before the next frame.
    """

    open: Callable[[], BinaryIO] | None
    box: tuple[int, int, int, int]
    duration_ms: int
    is_over: bool = True
    then: Literal["keep", "clear", "restore"] = "keep"


@dataclass(frozen=True)
class Reel:
    """An animation.

    Attributes:
        size_px: width and height of the canvas, which is clear at first.
        parts: one for each frame that the file holds.
        announced: how many frames it says it has; more than that are not played.
        loops: how often it is played, 0 for ever.
        exif: a TIFF-structured block, or None.
    """

    size_px: tuple[int, int]
    parts: list[Part]
    announced: int
    loops: int
    exif: bytes | None = None


def check_reel(reel: Reel, what: str) -> None:
    """Refuses small frames that are drawn as large pictures again and again.

    Raises:
        InputError: ``picture_corrupt``.
    """
    coded_px = sum((right - left) * (bottom - top) for left, top, right, bottom in (part.box for part in reel.parts))
    check_coded_size(coded_px, reel.size_px[0] * reel.size_px[1] * len(reel.parts), what)


def add_part(parts: list[Part], part: Part, canvas_px: int, what: str) -> None:
    """Adds a frame to those before it.

    Raises:
        InputError: ``picture_corrupt``: there are too many, or it is far larger than its canvas.
    """
    if len(parts) == MAX_FRAMES:
        refuse(f"the {what} file has more than {MAX_FRAMES} frames")
    left, top, right, bottom = part.box
    check_coded_size((right - left) * (bottom - top), canvas_px, what)
    parts.append(part)
