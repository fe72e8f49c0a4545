"""One picture from its file to the finished file: what the command line and the service do for every input."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tress.api import ImageInput, Remover
from tress.arrays import Rgb8
from tress.errors import InputError
from tress.matte import Matte
from tress.outputs import OutputOptions, render
from tress.outputs.box import Box
from tress.outputs.render import encode_as

if TYPE_CHECKING:
    from tress.io.exif import Metadata


@dataclass(frozen=True, eq=False)
class Product:
    """A finished file and what is known about it.

    Attributes:
        data: the encoded picture.
        format: ``png``, ``webp``, ``avif``, ``tiff`` or ``jpeg``.
        width_px, height_px: of the result.
        input_width_px, input_height_px: of the photo, upright.
        found: whether there is a subject.
        box: where it is in the photo; None if there is none.
        confidence: as ``Matte.confidence``.
        model: name of the network.
        device: where it really ran.
        seconds: time per step: decode, those of the networks, colour, render, encode.
        warnings: what was done otherwise than asked, in words.
        frames: how many the result has.
    """

    data: bytes
    format: str
    width_px: int
    height_px: int
    input_width_px: int
    input_height_px: int
    found: bool
    box: Box | None
    confidence: float
    model: str
    device: str
    seconds: dict[str, float]
    warnings: tuple[str, ...]
    frames: int = 1


@dataclass(frozen=True, eq=False)
class _Rendered:
    """Pixels that are still to be encoded; what they were made of, several times as large, need not be kept for that.

    Attributes:
        pixels: what ``render`` gave.
        product: all but its data.
        dpi, metadata: of the photo.
    """

    pixels: npt.NDArray[np.uint8]
    product: Product
    dpi: tuple[float, float] | None
    metadata: Metadata | None


def produce(remover: Remover, source: ImageInput, options: OutputOptions) -> Product:
    """Decodes, mattes, renders and encodes one picture.  Safe to call from several threads.

    Args:
        remover: the loaded networks.
        source: what ``Remover.matte`` takes.
        options: what to make; format ``auto`` is png.

    Raises:
        InputError: the picture cannot be read, or the options do not fit it or each other.
        ModelError: the network failed.
    """
    options = options.with_format("png")

    def rendered() -> _Rendered:
        started = time.perf_counter()
        picture = remover.read(source)
        decoded = time.perf_counter() - started
        matte = remover.matte(picture, **options.subject)
        return _render(matte, options, decode_seconds=decoded, dpi=picture.dpi, metadata=picture.metadata)

    return _encode(rendered(), options)


def finish(
    matte: Matte,
    options: OutputOptions,
    *,
    dpi: tuple[float, float] | None = None,
    metadata: Metadata | None = None,
) -> Product:
    """Renders and encodes a matte, for callers that change it themselves.

    Args:
        matte: of the picture.
        options: what to make; format ``auto`` is png.
        dpi: of the photo; kept, because it says how large the picture is meant to be.
        metadata: of the photo; written only if the options say so.

    Raises:
        InputError: the options do not fit the picture or each other.
    """
    options = options.with_format("png")
    return _encode(_render(matte, options, decode_seconds=0.0, dpi=dpi, metadata=metadata), options)


def _render(
    matte: Matte,
    options: OutputOptions,
    *,
    decode_seconds: float,
    dpi: tuple[float, float] | None,
    metadata: Metadata | None,
) -> _Rendered:
    colour_seconds = 0.0

    def foreground() -> Rgb8:
        nonlocal colour_seconds
        started = time.perf_counter()
        colours = matte.colours(inverted=options.invert)
        colour_seconds = time.perf_counter() - started
        return colours

    started = time.perf_counter()
    with _memory_told():
        pixels = render(matte.image, matte.alpha, foreground, options)
    seconds = {
        **matte.seconds,
        "decode": decode_seconds or matte.seconds.get("decode", 0.0),
        "colour": colour_seconds,
        "render": time.perf_counter() - started - colour_seconds,
    }
    product = Product(
        data=b"",
        format=options.format,
        width_px=pixels.shape[1],
        height_px=pixels.shape[0],
        input_width_px=matte.image.shape[1],
        input_height_px=matte.image.shape[0],
        found=matte.found,
        box=matte.box,
        confidence=matte.confidence,
        model=matte.model,
        device=matte.device,
        seconds=seconds,
        warnings=matte.warnings,
    )
    return _Rendered(pixels, product, dpi, metadata)


def _encode(rendered: _Rendered, options: OutputOptions) -> Product:
    started = time.perf_counter()
    with _memory_told():
        data = encode_as(rendered.pixels, options, dpi=rendered.dpi, metadata=rendered.metadata)
    seconds = {**rendered.product.seconds, "encode": time.perf_counter() - started}
    return replace(rendered.product, data=data, seconds=seconds)


@contextmanager
def _memory_told() -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise InputError(
            "out_of_memory", "there is not enough memory for this result", hint="set a smaller size"
        ) from error
