"""What a person marked by hand: parts that belong to the subject, and parts that do not (the scribbles of matting).

Marks are drawn roughly, with a brush.  Inside them the alpha is settled; around those that changed it, nothing is sure
any more, so that the refiner looks for the true edge there.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tress.arrays import Alpha, Grey8
from tress.process.geometry import resize

# How far from a mark the edge that was meant may lie, in the locator's pixels.  With more, scribbles gain, but what is
# painted exactly loses.
REACH_PX = 8
SIGMA_PX = 2.5
# A mark counts as one from here on, and changes an alpha that is off by more than this.
HALF = 0.5


@dataclass(frozen=True, eq=False)
class Marks:
    """Marks on a picture.

    Attributes:
        keep: ``(H, W)`` float32 in [0, 1], 1 where the subject is; None for no such marks.
        clear: the same for the background; where both are marked, this counts.
    """

    keep: Alpha | None = None
    clear: Alpha | None = None

    def at(self, height_px: int, width_px: int) -> Marks:
        """The same marks on the picture at another size."""
        keep, clear = (
            None if marked is None else np.clip(resize(marked, height_px, width_px), 0, 1)
            for marked in (self.keep, self.clear)
        )
        return Marks(keep, clear)

    def inside(self, part: tuple[slice, slice]) -> Marks:
        """The marks on a part of the picture."""
        keep, clear = (
            None if marked is None else np.ascontiguousarray(marked[part]) for marked in (self.keep, self.clear)
        )
        return Marks(keep, clear)

    @property
    def keeps(self) -> bool:
        """Whether anything is marked as the subject."""
        return self.keep is not None and bool((self.keep > HALF).any())

    def apply(self, alpha: Alpha) -> Alpha:
        """``(H, W)`` float32, settled where it is marked."""
        if self.keep is not None:
            alpha = alpha + (1 - alpha) * self.keep
        if self.clear is not None:
            alpha = alpha * (1 - self.clear)
        return alpha

    def impose(self, alpha: Alpha, uncertainty: Grey8 | None) -> tuple[Alpha, Grey8 | None]:
        """Tells a locator's answer what is marked: around marks that change it, it gets soft and doubtful.

        Args:
            alpha: ``(H, W)`` float32, at the locator's resolution, as the marks.
            uncertainty: ``(H, W)`` uint8, where 255 stands for 1, or None.

        Returns:
            The new alpha and uncertainty.
        """
        told = self.apply(alpha)
        changed = np.abs(told - alpha) > HALF
        marked = np.zeros(alpha.shape, bool)
        for weight in (self.keep, self.clear):
            if weight is not None:
                marked |= weight > HALF
        if uncertainty is not None:
            uncertainty = np.where(marked, np.uint8(0), uncertainty)
        if changed.any():
            kernel = np.ones((2 * REACH_PX + 1, 2 * REACH_PX + 1), np.uint8)
            around = (cv2.dilate(changed.astype(np.uint8), kernel) > 0) & ~marked
            soft = cv2.GaussianBlur(told, (0, 0), SIGMA_PX)
            told = np.where(around, soft, told)
            if uncertainty is not None:
                uncertainty = np.where(around, np.uint8(255), uncertainty)
        return told, uncertainty
