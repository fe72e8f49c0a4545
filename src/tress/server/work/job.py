"""What one worker thread does for one request: decode, matte, compose, encode.  No HTTP and no event loop here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from tress.errors import InputError
from tress.outputs.box import Box, subject_box
from tress.outputs.layout import Layout, lay_out
from tress.outputs.options import OutputOptions
from tress.outputs.picture_file import PictureFile
from tress.outputs.render import encode_as, render, shaped

if TYPE_CHECKING:
    from tress.io.decode import Picture
    from tress.matte import Matte


class Cutter(Protocol):
    """What the service needs of ``tress.Remover``."""

    model: str
    device: str
    max_megapixels: float

    def matte(self, image: Any, *, region: Any = None, keep: Any = None, clear: Any = None) -> Matte:
        """Finds the subject of a picture."""


class Stopped(Exception):
    """Nobody waits for the answer any more."""


Pack: TypeAlias = Callable[[npt.NDArray[np.uint8], "Picture", OutputOptions], tuple[bytes, str]]
"""Turns finished pixels into a file and its media type."""


@dataclass(frozen=True)
class Order:
    """What one request wants.

    Attributes:
        source: the encoded picture.
        options: what to make of it.
        pack: how the pixels become a file.
        must_find: a picture without a subject is an error.
        cut: the subject is looked for; False packs the photo itself, decoded and upright.
    """

    source: bytes = field(repr=False)
    options: OutputOptions
    pack: Pack
    must_find: bool = False
    cut: bool = True


@dataclass(frozen=True)
class Made:
    """The answer.

    Attributes:
        data: the encoded file.
        media_type: of ``data``.
        width_px, height_px: of the result.
        found: whether the picture has a subject.
        confidence: as in ``tress.Matte``.
        layout: where the photo lies in the result.
        subject: where the subject is in the result; None without one.
        model, device: what did the work.
        warnings: what was done otherwise than asked.
    """

    data: bytes = field(repr=False)
    media_type: str
    width_px: int
    height_px: int
    found: bool
    confidence: float
    layout: Layout
    subject: Box | None
    model: str
    device: str
    warnings: tuple[str, ...]


def make(
    cutter: Cutter,
    order: Order,
    decode: Callable[[bytes], Picture],
    stop: threading.Event,
    seconds: dict[str, float],
) -> Made:
    """Does the work.

    Args:
        cutter: the loaded network.
        order: what to do.
        decode: decodes the pictures that the order brings.
        stop: set from outside when nobody waits any more; looked at between the stages.
        seconds: receives the time of each stage, also when a later one fails.

    Raises:
        InputError: the picture cannot be read, has no subject although there must be one, or the result would be too
            large.
        Stopped: ``stop`` was set.
    """
    lap = _Laps(stop, seconds)
    picture, options = decode(order.source), _decoded(order.options, decode)
    lap("decode")
    if not order.cut:
        return _photo(cutter, picture, order)
    matte = cutter.matte(picture, **options.subject)
    lap("matte")
    seconds.update({name: value for name, value in matte.seconds.items() if name != "decode"})
    if order.must_find and not matte.found:
        raise InputError("no_subject", "no subject was found in the picture", hint="use a picture with a clear subject")
    height, width = matte.alpha.shape
    box = subject_box(shaped(matte.alpha, options))
    layout = lay_out(width, height, box, options)
    check_canvas(layout.width_px, layout.height_px, cutter.max_megapixels)
    inverted = options.invert
    pixels = render(matte.image, matte.alpha, lambda: matte.colours(inverted=inverted), options)
    lap("compose")
    data, media_type = order.pack(pixels, picture, options)
    lap("encode")
    return Made(
        data,
        media_type,
        width_px=pixels.shape[1],
        height_px=pixels.shape[0],
        found=matte.found,
        confidence=matte.confidence,
        layout=layout,
        subject=box and _placed(box, layout),
        model=matte.model,
        device=matte.device,
        warnings=matte.warnings,
    )


def _photo(cutter: Cutter, picture: Picture, order: Order) -> Made:
    """The photo as a file, for those who cannot read the one it came in."""
    pixels: npt.NDArray[np.uint8] = picture.pixels
    if picture.alpha is not None:
        pixels = np.dstack([pixels, (picture.alpha * 255 + 0.5).astype(np.uint8)])
    height, width = picture.pixels.shape[:2]
    data, media_type = order.pack(pixels, picture, order.options)
    return Made(
        data, media_type, width, height, False, 0.0, Layout(width, height), None, cutter.model, cutter.device,
        picture.warnings,
    )  # fmt: skip


def _decoded(options: OutputOptions, decode: Callable[[bytes], Picture]) -> OutputOptions:
    """The options with the pictures that they bring."""
    pictures: dict[str, Any] = {}
    for name in ("background", "keep", "clear"):
        if isinstance(value := getattr(options, name), PictureFile):
            pictures[name] = value.decoded(decode)
    return replace(options, **pictures) if pictures else options


def check_canvas(width_px: int, height_px: int, max_megapixels: float) -> None:
    """Raises InputError ``canvas_too_large`` when a result has more than ``max_megapixels`` million pixels."""
    if width_px * height_px > max_megapixels * 1e6:
        raise InputError(
            "canvas_too_large",
            f"the result would have {width_px}x{height_px} pixels; the limit is {max_megapixels:g} megapixels",
            hint="ask for a smaller size or margin",
        )


def pack_file(pixels: npt.NDArray[np.uint8], picture: Picture, options: OutputOptions) -> tuple[bytes, str]:
    """One picture file in the format that the options name."""
    from tress.io.encode import get_format

    options = options.with_format("png")
    data = encode_as(pixels, options, dpi=picture.dpi, metadata=picture.metadata)
    return data, get_format(options.format).media_type


def _placed(box: Box, layout: Layout) -> Box:
    """A box of the photo, on the canvas; cut off at its borders."""
    left = max(0, round(box.left_px * layout.scale + layout.left_px))
    top = max(0, round(box.top_px * layout.scale + layout.top_px))
    right = min(layout.width_px, round((box.left_px + box.width_px) * layout.scale + layout.left_px))
    bottom = min(layout.height_px, round((box.top_px + box.height_px) * layout.scale + layout.top_px))
    return Box(left, top, max(0, right - left), max(0, bottom - top))


class _Laps:
    def __init__(self, stop: threading.Event, seconds: dict[str, float]) -> None:
        self._stop, self._seconds, self._last = stop, seconds, time.perf_counter()

    def __call__(self, name: str) -> None:
        now = time.perf_counter()
        self._seconds[name] = now - self._last
        self._last = now
        if self._stop.is_set():
            raise Stopped
