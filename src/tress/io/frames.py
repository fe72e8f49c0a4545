"""Animated GIF, WebP and PNG: their frames in, and frames out as WebP or PNG."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import GifImagePlugin, Image, PngImagePlugin, WebPImagePlugin

from tress.arrays import Rgb8
from tress.errors import InputError
from tress.io.colour import to_srgb
from tress.io.containers import HEAD_BYTES, identify
from tress.io.decode import Picture, check_pixel_limit
from tress.io.exif import Metadata

FORMATS = ("png", "webp")
_DECODERS: dict[str, Any] = {
    "gif": GifImagePlugin.GifImageFile,
    "png": PngImagePlugin.PngImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
}
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
    """An animated picture that is read frame by frame."""

    def __init__(self, image: Any, kind: str, max_megapixels: float) -> None:
        # The first picture of such a PNG is for programs that know no animations, and not played.
        hidden = int(bool(image.info.get("default_image")))
        self._image, self._kind, self._numbers = image, kind, range(hidden, image.n_frames)
        check_pixel_limit(image.width, image.height * len(self._numbers), max_megapixels=max_megapixels)
        loops = image.info.get("loop", 0 if kind != "gif" else 1)
        self._loops, self._durations = int(loops), [_DURATION_MS] * len(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Picture]:
        """The frames, whole, as ``decode`` gives pictures.

        Raises:
            InputError: a frame is damaged.
        """
        for index, number in enumerate(self._numbers):
            try:
                self._image.seek(number)
                whole = self._image.convert("RGBA")
            except Exception as error:  # decoders answer hostile bytes with every kind of exception
                raise InputError(
                    "picture_corrupt", f"frame {index + 1} of {len(self)} cannot be read: {error}"
                ) from error
            # A time of 0 is shown as 100 ms too.
            self._durations[index] = round(self._image.info.get("duration", 0)) or _DURATION_MS
            pixels = np.asarray(whole)
            alpha = pixels[..., 3].astype(np.float32) / np.float32(255) if pixels[..., 3].min() < 255 else None
            yield Picture(self._colours(whole), alpha, None, Metadata(), self._kind)

    @property
    def timing(self) -> Timing:
        """Known once all frames have been read."""
        return Timing(tuple(self._durations), self._loops)

    def _colours(self, whole: Image.Image) -> Rgb8:
        converted, _ = to_srgb(whole.convert("RGB"), self._image.info.get("icc_profile"))
        return np.array(converted)


def open_animation(source: object, *, max_megapixels: float) -> Animation | None:
    """An animated picture; None if there is only one frame, or ``decode`` knows better what is wrong.

    Args:
        source: bytes or a path.
        max_megapixels: the limit on width x height x frames, in millions.

    Raises:
        InputError: all frames together are too large.
    """
    try:
        data = source if isinstance(source, bytes) else Path(source).read_bytes()  # type: ignore[arg-type]
        kind = identify(data[:HEAD_BYTES])
        image = _DECODERS[kind](io.BytesIO(data))
        if not getattr(image, "is_animated", False):
            return None
    except Exception:  # a file that is missing, no picture, or damaged; and what is not a file at all
        return None
    return Animation(image, kind, max_megapixels)


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
