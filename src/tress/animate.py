"""One animated picture, frame by frame, to a finished animation."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from tress.api import ImageInput, Remover
from tress.io.frames import Animation, encode_frames, open_animation
from tress.matte import Matte
from tress.outputs import OutputOptions, render
from tress.outputs.box import around, subject_box
from tress.outputs.render import shaped
from tress.process.steady import steadied
from tress.produce import Product, produce


def animate(
    remover: Remover,
    source: ImageInput,
    options: OutputOptions,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Product:
    """As ``produce``, but of an animated GIF, WebP or PNG every frame, written as an animated PNG or WebP.

    The alpha is steadied over the frames.  All of them are cropped and placed alike.

    Args:
        remover: the loaded networks; its pixel limit holds for all frames together.
        source: bytes, a path, or whatever else ``produce`` takes, which has one frame.
        options: what to make; format ``auto`` is png.
        progress: is told how many of how many frames are done.

    Raises:
        InputError: as ``produce``, or a frame is damaged, or the format cannot be animated.
        ModelError: the network failed.
    """
    options = options.with_format("png")
    animation = open_animation(source, max_megapixels=remover.max_megapixels)
    if animation is None:
        return produce(remover, source, options)
    started = time.perf_counter()
    mattes = _mattes(remover, animation, options, progress)
    matted = time.perf_counter()
    where = around([subject_box(shaped(matte.alpha, options)) for matte in mattes])
    frames = [
        render(matte.image, matte.alpha, partial(matte.colours, inverted=options.invert), options, subject=where)
        for matte in mattes
    ]
    rendered = time.perf_counter()
    data = encode_frames(frames, animation.timing, options.format, quality=options.quality, lossless=options.lossless)
    height, width = mattes[0].alpha.shape
    return Product(
        data=data,
        format=options.format,
        width_px=frames[0].shape[1],
        height_px=frames[0].shape[0],
        input_width_px=width,
        input_height_px=height,
        found=any(matte.found for matte in mattes),
        box=around([matte.box for matte in mattes]),
        confidence=float(np.mean([matte.confidence for matte in mattes])),
        model=remover.model,
        device=remover.device,
        seconds={
            "mattes": matted - started,
            "render": rendered - matted,
            "encode": time.perf_counter() - rendered,
        },
        warnings=tuple(dict.fromkeys(warning for matte in mattes for warning in matte.warnings)),
        frames=len(mattes),
    )


def _mattes(
    remover: Remover,
    animation: Animation,
    options: OutputOptions,
    progress: Callable[[int, int], None] | None,
) -> list[Matte]:
    mattes: list[Matte] = []
    for picture in animation:
        matte = remover.matte(picture, **options.subject)
        if mattes:
            before = mattes[-1]
            matte = replace(matte, alpha=steadied(matte.alpha, matte.image, before.alpha, before.image))
        mattes.append(matte)
        if progress is not None:
            progress(len(mattes), len(animation))
    return mattes
