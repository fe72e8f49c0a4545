"""What an alpha may teach and be measured against, by how far it can be trusted.

Every picture's alpha comes with two weights per pixel in [0, 1]:

- ``where``: whether the pixel says *where* the subject is (cross entropy, IoU);
- ``soft``: whether its exact alpha value counts (L1, Laplacian, gradient, composition; SAD, Grad, Conn).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from tress.arrays import Alpha

Edge = Literal["exact", "soft", "rgba", "hard", "unknown128", "teacher", "background", "empty"]

TEACHER_SURE = 0.1
UNKNOWN = 128
UNKNOWN_REACH = 40
# A teacher that leaves more of its subject undecided than this has not understood the picture.
TEACHER_UNSURE_LIMIT = 0.35
# A teacher's doubt between sure subject and sure background, each at most this far away, is hair or fur, not confusion.
FUZZY_REACH_PX = 10


@dataclass(frozen=True)
class Label:
    """Alpha and its two weights, each ``(H, W)`` uint8, where 255 stands for 1.

    ``fuzzy``, if known, is 255 where the edge is soft although nobody can say how soft: a teacher's doubt along it.
    """

    alpha: npt.NDArray[np.uint8]
    where: npt.NDArray[np.uint8]
    soft: npt.NDArray[np.uint8]
    fuzzy: npt.NDArray[np.uint8] | None = None

    @property
    def true_alpha(self) -> Alpha:
        """The alpha as ``(H, W)`` float32 in [0, 1]."""
        return np.divide(self.alpha, 255, dtype=np.float32)


def make_label(alpha: npt.NDArray[np.uint8], edge: Edge, ignore_px: int = 0) -> Label | None:
    """Judges an alpha by its grade; None when it should be dropped (a teacher that is mostly unsure).

    Args:
        alpha: ``(H, W)`` uint8.
        edge: the grade.
        ignore_px: half width of the band that says nothing, for ``hard`` edges.
    """
    every = np.full_like(alpha, 255)
    nothing = np.zeros_like(alpha)
    if edge in ("exact", "soft", "rgba", "background", "empty"):
        return Label(alpha, every, every)
    if edge == "hard":
        inside = (alpha >= 128).astype(np.uint8)
        known = np.where(edge_band(inside, ignore_px), 0, 255).astype(np.uint8)
        return Label(inside * 255, known, nothing)
    if edge == "unknown128":
        known = np.where(np.abs(alpha.astype(np.int16) - UNKNOWN) > UNKNOWN_REACH, 255, 0).astype(np.uint8)
        return Label(alpha, known, nothing)
    low, high = 255 * TEACHER_SURE, 255 * (1 - TEACHER_SURE)
    unsure = (alpha > low) & (alpha < high)
    if unsure.sum() > TEACHER_UNSURE_LIMIT * max(1, int((alpha > low).sum())) and unsure.mean() > 0.01:
        return None
    reach = np.ones((2 * FUZZY_REACH_PX + 1,) * 2, np.uint8)
    near_both = cv2.dilate((alpha >= high).astype(np.uint8), reach) & cv2.dilate((alpha <= low).astype(np.uint8), reach)
    fuzzy = np.where(unsure, near_both * np.uint8(255), 0).astype(np.uint8)
    return Label(alpha, np.where(unsure, 0, 255).astype(np.uint8), nothing, fuzzy)


def edge_band(inside: npt.NDArray[np.uint8], radius_px: int) -> npt.NDArray[np.bool_]:
    """Pixels within ``radius_px`` of a binary mask's edge: ``(H, W)`` bool."""
    if radius_px <= 0:
        return np.zeros(inside.shape, bool)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))
    # The picture's border is no edge: outside counts as more of the same.
    grown = cv2.dilate(inside, kernel, borderType=cv2.BORDER_REPLICATE)
    shrunk = cv2.erode(inside, kernel, borderType=cv2.BORDER_REPLICATE)
    return grown != shrunk
