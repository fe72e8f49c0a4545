"""The unknown band: the pixels whose alpha is still to be found."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tress.arrays import Alpha, Grey8

SOFT_LOW, SOFT_HIGH = 0.02, 0.98
UNSURE = 0.3
# How far from what the locator doubts the true edge may lie, in the locator's pixels: it takes hair for solid.  Once
# the refiner has been there, what is left to mend lies close by.
REACH_FIRST, REACH_LATER = 4.0, 1.0


def unknown_band(
    alpha: Alpha, uncertainty: Grey8 | None, reach_px: int, unsure: float = UNSURE
) -> npt.NDArray[np.bool_]:
    """Where the alpha is soft, or the locator is not sure of it, widened by ``reach_px``.

    Args:
        alpha: ``(H, W)`` float32.
        uncertainty: ``(H, W)`` uint8, where 255 stands for 1; None if nothing is known of it.
        reach_px: how far around such pixels the true edge may lie.
        unsure: uncertainty from which on a pixel belongs to the band.

    Returns:
        ``(H, W)`` bool.
    """
    band = ((alpha > SOFT_LOW) & (alpha < SOFT_HIGH)).astype(np.uint8)
    if uncertainty is not None:
        band |= (uncertainty > round(255 * unsure)).astype(np.uint8)
    if reach_px > 0:
        kernel = np.ones((2 * reach_px + 1, 2 * reach_px + 1), np.uint8)
        band = cv2.dilate(band, kernel)
    return band.astype(bool)
