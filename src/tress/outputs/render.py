"""Alpha and colours in, finished pixels out: applies the output options in a fixed order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tress.arrays import Alpha, Rgb8, check_alpha, check_rgb8, check_same_size
from tress.outputs.backdrop import backdrop
from tress.outputs.box import Box, subject_box
from tress.outputs.colour import Colour
from tress.outputs.feather import feathered
from tress.outputs.grow import grown
from tress.outputs.layout import Layout, lay_out
from tress.outputs.options import OutputOptions
from tress.outputs.shadow import shadow_layer
from tress.outputs.span import span
from tress.process.composite import compose, row_chunks, unpremultiplied

if TYPE_CHECKING:
    from tress.io.exif import Metadata


def render(
    image: Rgb8,
    alpha: Alpha,
    foreground: Callable[[], Rgb8],
    options: OutputOptions,
    *,
    subject: Box | None = None,
) -> npt.NDArray[np.uint8]:
    """Makes the picture that the options ask for.

    The order: grow, feather, invert, layout (crop, margin, size, scale, position), colours, shadow, background.

    Args:
        image: ``(H, W, 3)`` uint8 sRGB, the photo.
        alpha: ``(H, W)`` float32 in [0, 1].
        foreground: gives the estimated colours of the subject alone (of the background alone with ``invert``),
            ``(H, W, 3)`` uint8 sRGB.  Called at most once, and only when its answer matters.
        options: what to make.
        subject: where it is for crop, scale and position, if not where ``alpha`` has it, as in frames of a video.

    Returns:
        uint8: ``(h, w)`` for a mask, ``(h, w, 3)`` sRGB if ``options.opaque``, else ``(h, w, 4)`` sRGB with straight
        alpha; fully transparent pixels are black.  ``h, w`` is ``H, W`` unless ``options.places``.

    Raises:
        InputError: arrays do not fit together, the canvas would be too large, or a background cannot be read.
    """

    check_same_size(check_rgb8(image), check_alpha(alpha), ("image", "alpha"))
    alpha = shaped(alpha, options)
    height, width = alpha.shape
    if options.places and subject is None:
        subject = subject_box(alpha)
    layout = lay_out(width, height, subject, options)
    if options.mask:
        return _to_grey(_on_canvas(alpha, layout))
    colours = _colours(image, alpha, foreground, options)
    behind: Rgb8 | Colour | None = backdrop(options.background, image, alpha, layout)
    if behind is None and isinstance(options.background, Colour):
        behind = options.background
    placed_colours, placed_alpha = _place(colours, alpha, layout)
    shadow = shadow_layer(placed_alpha, options.shadow)
    rgb = np.array(behind.rgb, np.uint8) if isinstance(behind, Colour) else behind
    opacity = behind.alpha if isinstance(behind, Colour) else 1.0
    return compose(placed_colours, placed_alpha, background=rgb, opacity=opacity, shadow=shadow)


def shaped(alpha: Alpha, options: OutputOptions) -> Alpha:
    """The alpha of what is shown, ``(H, W)`` float32 in [0, 1], after grow, feather and invert."""
    alpha = feathered(grown(alpha, options.grow), options.feather)
    return np.float32(1) - alpha if options.invert else alpha


def encode_as(
    pixels: npt.NDArray[np.uint8],
    options: OutputOptions,
    *,
    dpi: tuple[float, float] | None,
    metadata: Metadata | None,
) -> bytes:
    """The file that the options ask for.

    Args:
        pixels: what ``render`` gave.
        options: their format must be settled, see ``OutputOptions.with_format``.
        dpi, metadata: of the photo; metadata is written only if the options say so.

    Raises:
        InputError: as ``tress.io.encode.encode``.
    """
    from tress.io.encode import encode

    return encode(
        pixels,
        options.format,
        quality=options.quality,
        lossless=options.lossless or None,
        dpi=dpi,
        metadata=metadata if options.keep_metadata else None,
    )


def _colours(image: Rgb8, alpha: Alpha, foreground: Callable[[], Rgb8], options: OutputOptions) -> Rgb8:
    if not (options.decontaminate and np.any((alpha > 0) & (alpha < 1))):
        return image
    estimated = check_rgb8(foreground(), "foreground")
    check_same_size(image, estimated, ("image", "foreground"))
    return estimated


def _to_grey(alpha: Alpha) -> npt.NDArray[np.uint8]:
    grey = np.empty(alpha.shape, np.uint8)
    for rows in row_chunks(*alpha.shape):
        grey[rows] = alpha[rows] * 255 + np.float32(0.5)
    return grey


def _place(colours: Rgb8, alpha: Alpha, layout: Layout) -> tuple[Rgb8, Alpha]:
    """Colours and alpha on the canvas, colours still straight."""
    placed_alpha = _on_canvas(alpha, layout)
    if layout.scale == 1:
        return _on_canvas(colours, layout), placed_alpha
    placed = np.zeros((*placed_alpha.shape, 3), np.uint8)
    # One premultiplied channel at a time: all at once would need 16 bytes a pixel.
    for channel in range(3):
        premultiplied = _on_canvas(colours[..., channel] * alpha, layout)
        for rows in row_chunks(*placed_alpha.shape):
            placed[rows, :, channel] = unpremultiplied(premultiplied[rows], placed_alpha[rows])
    return placed, placed_alpha


def _on_canvas(array: Any, layout: Layout) -> Any:
    """Moves and scales an array that has no hidden colours; what the photo does not reach is 0."""
    from tress.process.geometry import resize

    height, width = array.shape[:2]
    if (layout.height_px, layout.width_px) == (height, width) and layout == Layout(width, height):
        return array
    shape = (layout.height_px, layout.width_px, *array.shape[2:])
    across = span(width, layout.width_px, layout.scale, layout.left_px)
    down = span(height, layout.height_px, layout.scale, layout.top_px)
    if across is None or down is None:
        return np.zeros(shape, array.dtype)
    inner = array[down.source, across.source]
    if layout.scale != 1:
        inner = resize(np.ascontiguousarray(inner), down.length, across.length)
    if inner.shape == shape and down.visible == down.target and across.visible == across.target:
        return inner
    canvas = np.zeros(shape, array.dtype)
    canvas[down.target, across.target] = inner[down.visible, across.visible]
    return canvas
