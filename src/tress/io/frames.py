"""Animated GIF, WebP and PNG: their frames in, and frames out as WebP or PNG."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

from tress.errors import InputError, printable
from tress.io import exif
from tress.io.containers import HEAD_BYTES, identify
from tress.io.decode import Picture, check_pixel_limit
from tress.io.exif import Metadata
from tress.io.formats.reel import Part, Reel, check_reel
from tress.io.formats.table import OUTLINES, REELS
from tress.io.pixels import load
from tress.io.sources import opened
from tress.io.upright import upright_alpha, upright_rgb

FORMATS = ("png", "webp")
# What browsers show for files that name no time.
_DURATION_MS = 100


@dataclass(frozen=True)
class Timing:
    """How an animation is played.

    Attributes:
        durations_ms: of every frame.
        loops: how often, 0 for ever.
    """

    durations_ms: tuple[int, ...]
    loops: int


class Animation:
    """An animated picture that is read frame by frame.

    Attributes:
        timing: how it is played.
    """

    def __init__(self, reel: Reel, kind: str) -> None:
        self._reel, self._kind = reel, kind
        durations = [part.duration_ms or _DURATION_MS for part in reel.parts[: reel.announced]]
        self.timing = Timing(tuple(durations), reel.loops)

    def __len__(self) -> int:
        return self._reel.announced

    def __iter__(self) -> Iterator[Picture]:
        """The frames, whole, as ``decode`` gives pictures.

        What no frame has covered is clear, and so is the place of one that is taken away again, as in browsers.

        Raises:
            InputError: a frame is damaged or missing.
        """
        turn = exif.orientation(self._reel.exif)
        canvas = Image.new("RGBA", self._reel.size_px)
        for index in range(len(self)):
            name = f"frame {index + 1} of {len(self)}"
            if index == len(self._reel.parts):
                raise InputError("picture_truncated", f"{name} cannot be read: the file ends too early")
            part = self._reel.parts[index]
            try:
                before = canvas.copy() if part.then == "restore" else canvas
                warnings = _draw(canvas, part, self._kind)
            except Exception as error:  # decoders answer hostile bytes with every kind of exception
                raise InputError("picture_corrupt", f"{name} cannot be read: {error}") from error
            alpha = canvas.getchannel("A")
            yield Picture(
                upright_rgb(canvas.convert("RGB"), turn),
                None if alpha.getextrema() == (255, 255) else upright_alpha(alpha, turn),
                None,
                Metadata(),
                self._kind,
                warnings,
            )
            if part.then == "clear" and (seen := _seen(canvas, part)):
                canvas.paste((0, 0, 0, 0), seen)
            canvas = before


def _draw(canvas: Image.Image, part: Part, kind: str) -> tuple[str, ...]:
    """Puts the picture of a frame into its place; returns warnings."""
    if part.open is None:
        return ()
    outline = OUTLINES[kind](part.open())
    loaded = load(None if outline.samples else outline.open(), outline)
    picture = loaded.image.convert("RGBA")
    if loaded.alpha is not None:
        picture.putalpha(loaded.alpha)
    left, top, right, bottom = part.box
    if picture.size != (right - left, bottom - top):
        raise ValueError("its size is not the one that is announced")
    if seen := _seen(canvas, part):
        inside = picture.crop((0, 0, seen[2] - left, seen[3] - top))
        if part.is_over:
            canvas.alpha_composite(inside, (left, top))
        else:
            canvas.paste(inside, (left, top))
    return tuple(printable(warning) for warning in (*outline.warnings, *loaded.warnings))


def _seen(canvas: Image.Image, part: Part) -> tuple[int, int, int, int] | None:
    """The place of a frame without what reaches beyond the canvas; None if that is all of it."""
    left, top, right, bottom = part.box
    right, bottom = min(right, canvas.width), min(bottom, canvas.height)
    return (left, top, right, bottom) if left < right and top < bottom else None


def open_animation(source: object, *, max_megapixels: float) -> Animation | None:
    """An animated picture; None if there is only one frame, or ``decode`` knows better what is wrong.

    Args:
        source: bytes or a path.
        max_megapixels: the limit on width x height x frames, in millions.

    Raises:
        InputError: all frames together are too large, or there are more of them, or of other things, than any program
            writes.
    """
    if not isinstance(source, (bytes, bytearray, memoryview, str, os.PathLike)):
        return None
    try:
        with opened(source) as file:
            data = file.read()
        kind = identify(data[:HEAD_BYTES])
    except (InputError, OSError):
        return None
    reel = REELS[kind](io.BytesIO(data)) if kind in REELS else None
    if reel is None:
        return None
    width_px, height_px = reel.size_px
    check_reel(reel, kind.upper())
    check_pixel_limit(width_px, height_px * reel.announced, max_megapixels=max_megapixels)
    return Animation(reel, kind)


def encode_frames(
    frames: Sequence[npt.NDArray[np.uint8]],
    timing: Timing,
    format: str,
    *,
    quality: int | None = None,
    lossless: bool = False,
) -> bytes:
    """Encodes an animation.

    Args:
        frames: all of one size, as ``tress.io.encode.encode`` takes pictures; clear pixels must be black.
        timing: as it was read.
        format: ``png`` or ``webp``.
        quality: 1 to 100 for lossy WebP; None takes 90.
        lossless: exact pixels in WebP; PNG always has them.

    Raises:
        InputError: the format cannot be animated.
    """
    if format not in FORMATS:
        raise InputError(
            "format_not_animated",
            f"an animation cannot be written as {format}",
            hint=f"choose {' or '.join(FORMATS)}, or leave out --animation for the first frame",
        )
    first, *rest = (Image.fromarray(frame) for frame in frames)
    played: dict[str, Any] = {"save_all": True, "append_images": rest, "duration": list(timing.durations_ms)}
    stream = io.BytesIO()
    if format == "png":
        first.save(stream, "PNG", loop=timing.loops, blend=PngImagePlugin.Blend.OP_SOURCE, **played)
    else:
        first.save(stream, "WEBP", loop=timing.loops, quality=quality or 90, lossless=lossless, **played)
    return stream.getvalue()
