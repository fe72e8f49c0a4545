"""Compositing: a foreground over a background, in straight and premultiplied alpha.

Porter and Duff, Compositing Digital Images, 1984, operator "over".  As everywhere in this field and in browsers, it
is done on sRGB-encoded values, not in linear light.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tress.arrays import Alpha, Grey8, Rgb8, check_rgb8, check_same_size

# Float temporaries exist for about this many pixels at a time, so memory does not grow with the picture.
_CHUNK_PIXELS = 1 << 18


def over(foreground: Rgb8, alpha: Alpha, background: Rgb8 | tuple[int, int, int]) -> Rgb8:
    """``foreground`` over an opaque ``background``.

    Args:
        foreground: ``(H, W, 3)`` uint8 sRGB, straight.
        alpha: ``(H, W)`` float32 in [0, 1].
        background: ``(H, W, 3)`` uint8 sRGB, or one colour.

    Returns:
        ``(H, W, 3)`` uint8 sRGB.

    Raises:
        InputError: the sizes differ.
    """
    behind = np.asarray(background, np.uint8)
    check_same_size(foreground, alpha, ("foreground", "alpha"))
    if behind.shape != (3,):
        check_same_size(foreground, check_rgb8(behind, "background"), ("foreground", "background"))
    return compose(foreground, alpha, background=behind)


def compose(
    foreground: Rgb8,
    alpha: Alpha,
    *,
    background: Rgb8 | None = None,
    opacity: float = 1.0,
    shadow: Grey8 | None = None,
) -> npt.NDArray[np.uint8]:
    """``foreground`` over a black ``shadow`` over a ``background``.

    Args:
        foreground: ``(H, W, 3)`` uint8 sRGB, straight.
        alpha: ``(H, W)`` float32 in [0, 1] of the foreground.
        background: ``(H, W, 3)`` or ``(3,)`` uint8 sRGB; None is transparent.
        opacity: of the background, 0 to 1.
        shadow: ``(H, W)`` uint8 opacity of the shadow.

    Returns:
        ``(H, W, 3)`` uint8 sRGB if the background is opaque, else ``(H, W, 4)`` uint8 sRGB with straight alpha, whose
        fully transparent pixels are black.
    """
    if background is None:
        if shadow is None:
            return _alone(foreground, alpha)
        background, opacity = np.zeros(3, np.uint8), 0.0
    opaque = opacity >= 1
    result = np.empty((*alpha.shape, 3 if opaque else 4), np.uint8)
    for rows in row_chunks(*alpha.shape):
        front = alpha[rows, :, None]
        behind = background if background.ndim == 1 else background[rows]
        colour: npt.NDArray[np.float32] = behind * np.float32(opacity)
        under: npt.NDArray[np.float32] | np.float32 = np.float32(opacity)
        if shadow is not None:
            dark = shadow[rows, :, None] * np.float32(1 / 255)
            colour = colour * (1 - dark)
            under = dark + (1 - dark) * under
        mixed = foreground[rows] * front + colour * (1 - front)
        if opaque:
            result[rows] = mixed + np.float32(0.5)
            continue
        whole = front + (1 - front) * under
        result[rows, :, :3] = unpremultiplied(mixed, whole)
        result[rows, :, 3:] = whole * 255 + np.float32(0.5)
    return result


def unpremultiplied(premultiplied: npt.NDArray[np.float32], alpha: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Straight colours of premultiplied ones.

    Args:
        premultiplied: any shape that goes with ``alpha``, float32, 0 to 255 times alpha.
        alpha: float32 in [0, 1].

    Returns:
        uint8; 0 where alpha would be stored as 0.
    """
    visible = alpha >= np.float32(0.5 / 255)
    divisor = np.where(visible, alpha, np.float32(1))
    straight = np.minimum(premultiplied / divisor + np.float32(0.5), np.float32(255))
    return np.where(visible, straight, np.float32(0)).astype(np.uint8)


def row_chunks(height: int, width: int) -> Iterator[slice]:
    """Slices of rows that together are a picture, each small enough for float temporaries."""
    rows = max(1, _CHUNK_PIXELS // width)
    for start in range(0, height, rows):
        yield slice(start, min(start + rows, height))


def _alone(foreground: Rgb8, alpha: Alpha) -> npt.NDArray[np.uint8]:
    """Over nothing: the colours stay as they are."""
    result = np.empty((*alpha.shape, 4), np.uint8)
    for rows in row_chunks(*alpha.shape):
        opacity = (alpha[rows] * 255 + np.float32(0.5)).astype(np.uint8)
        result[rows, :, :3] = foreground[rows] * (opacity > 0)[..., None]
        result[rows, :, 3] = opacity
    return result
