"""Alphas of a video's frames that do not flicker where the picture stands still."""

from __future__ import annotations

import cv2
import numpy as np

from tress.arrays import Alpha, Rgb8

# How much the frame before counts where nothing moves; its own alpha has been steadied too, so the memory is longer.
_SHARE = 0.7
# Levels by which a pixel's surroundings may differ from noise alone.
_NOISE = 8.0
_WINDOW_PX = 5


def steadied(alpha: Alpha, image: Rgb8, alpha_before: Alpha, image_before: Rgb8) -> Alpha:
    """Draws an alpha towards that of the frame before, as far as the picture has stayed the same there.

    Args:
        alpha, alpha_before: ``(H, W)`` float32 in [0, 1], of this frame and, steadied, of the one before.
        image, image_before: ``(H, W, 3)`` uint8.

    Returns:
        ``(H, W)`` float32 in [0, 1]: ``alpha`` where something moves.
    """
    moved = cv2.absdiff(image, image_before).max(2)
    around = cv2.blur(moved, (_WINDOW_PX, _WINDOW_PX)).astype(np.float32)
    weight = np.float32(_SHARE) * np.exp(-np.square(around / np.float32(_NOISE)))
    return alpha + weight * (alpha_before - alpha)
