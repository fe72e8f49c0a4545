"""Small pictures for pages, part of the page itself."""

from __future__ import annotations

import base64

import numpy as np

from tress.arrays import Alpha, Rgb8

_QUALITY = 70
_CHECKER = ((120, 120, 120), (170, 170, 170))


def over_checker(image: Rgb8, alpha: Alpha) -> Rgb8:
    """A picture over grey squares, which show through where it is transparent.

    Args:
        image: ``(H, W, 3)`` uint8 sRGB, straight.
        alpha: ``(H, W)`` float32 in [0, 1].

    Returns:
        ``(H, W, 3)`` uint8.
    """
    height, width = alpha.shape
    square = max(4, max(height, width) // 40)
    dark = (np.arange(height)[:, None] // square + np.arange(width) // square) % 2
    ground = np.array(_CHECKER, np.float32)[dark]
    return (alpha[..., None] * image + (1 - alpha[..., None]) * ground + 0.5).astype(np.uint8)


def embedded(view: Rgb8, side_px: int) -> str:
    """A picture as a ``data:`` address.

    Args:
        view: ``(H, W, 3)`` uint8 sRGB.
        side_px: its long side in the page.
    """
    from tress.io.encode import encode
    from tress.process.geometry import resize

    scale = side_px / max(view.shape[:2])
    small = resize(np.ascontiguousarray(view), *(max(1, round(side * scale)) for side in view.shape[:2]))
    data = encode(small, "webp", quality=_QUALITY, lossless=False)
    return "data:image/webp;base64," + base64.b64encode(data).decode()
