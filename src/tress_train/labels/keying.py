"""Cut-outs from photos before white: alpha and own colours, where subject and ground differ.

A pixel's colour is taken for a mix of the ground's and the subject's nearby colours; how far it lies on the way between
them is its alpha.  Where the subject is nearly white itself there is no such way, and its outline, softened, must do.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
# Levels below white: the ground of a studio, and what shows between an arm and a body, where shadow may not count.
_GROUND, _GAP = 7, 3
_GAP_AREA_PX = 60
# Colours nearer to each other than this are alike.
_ALIKE = 60.0
# Noise and JPEG move the ends of the scale by about this much.
_END = 0.03
# How far colours are carried from the sure regions, in pixels: as little as will do.
_FROM_SUBJECT_PX, _FROM_GROUND_PX = (6, 12, 24, 48, 96), (8, 24, 64)


def key_white(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Cuts a subject out of its white ground.

    Args:
        image: ``(H, W, 3)`` uint8 RGB; the ground reaches the top or a side of the frame, the subject may be cut by it.

    Returns:
        ``(H, W, 4)`` uint8, straight RGBA with the subject's own colours.
    """
    colours = image.astype(np.float32)
    ground = _white_ground(image)
    sure_ground = cv2.erode(ground.astype(np.uint8), square(5)) > 0
    without_specks = cv2.morphologyEx((~ground).astype(np.uint8), cv2.MORPH_OPEN, square(9))
    sure_subject = cv2.erode(without_specks, square(13)) > 0
    near_subject = _carried(colours, sure_subject, _FROM_SUBJECT_PX)
    near_ground = _carried(colours, sure_ground, _FROM_GROUND_PX)
    way = near_subject - near_ground
    length = np.einsum("hwc,hwc->hw", way, way)
    alpha = np.einsum("hwc,hwc->hw", colours - near_ground, way) / np.maximum(length, 1)
    outline = cv2.GaussianBlur((~ground).astype(np.float32), (0, 0), 0.8)
    alpha = np.where(length < _ALIKE**2, outline, alpha)
    alpha = np.clip((alpha - _END) / (1 - 2 * _END), 0, 1)
    alpha[sure_ground] = 0
    alpha[sure_subject] = 1
    own = own_colours(colours, alpha, near_subject, near_ground)
    return np.rint(np.dstack([own, 255 * alpha])).astype(np.uint8)


def _white_ground(image: npt.NDArray[np.uint8]) -> Mask:
    """Near-white areas that reach the frame, but for its lower side, and clean white ones inside the subject."""
    below_white = 255 - image.min(2)
    _, areas = cv2.connectedComponents((below_white < _GROUND).astype(np.uint8), connectivity=4)
    reaching = np.union1d(areas[0], areas[:, [0, -1]])
    ground: Mask = np.isin(areas, reaching[reaching > 0])
    inside = ((below_white < _GAP) & ~ground).astype(np.uint8)
    _, gaps, facts, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
    large = np.flatnonzero(facts[:, cv2.CC_STAT_AREA] > _GAP_AREA_PX)
    return ground | np.isin(gaps, large[large > 0])


def square(side_px: int) -> npt.NDArray[np.uint8]:
    """A structuring element ``(side_px, side_px)`` of ones."""
    return np.ones((side_px, side_px), np.uint8)


def _carried(colours: Floats, region: Mask, radii_px: Sequence[int]) -> Floats:
    """The mean colour of a region around every pixel, in the smallest of several windows that holds any of it."""
    weight = region.astype(np.float32)
    known = colours * weight[..., None]
    total = max(float(weight.sum()), 1.0)
    result = np.broadcast_to(known.sum((0, 1)) / total, colours.shape).astype(np.float32)
    # From the largest window to the smallest, so that the nearest has the last word.
    for radius in reversed(radii_px):
        window = (2 * radius + 1, 2 * radius + 1)
        share = cv2.blur(weight, window, borderType=cv2.BORDER_REFLECT)
        mean = cv2.blur(known, window, borderType=cv2.BORDER_REFLECT)
        enough = share > 2e-3
        result[enough] = mean[enough] / share[enough, None]
    return result


def own_colours(
    colours: Floats, alpha: Floats, near_subject: Floats, near_ground: Floats, *, enough: float = 0.25
) -> Floats:
    """The ground taken out of soft pixels; where too little of the subject is in them, its colours from nearby.

    Args:
        colours, near_subject, near_ground: ``(H, W, 3)`` float32, 0 to 255: the photo, the subject and the ground.
        alpha: ``(H, W)`` float32 in [0, 1].
        enough: the alpha above which a pixel tells the subject's colour itself.
    """
    a = alpha[..., None]
    unmixed = np.clip((colours - (1 - a) * near_ground) / np.maximum(a, 0.05), 0, 255)
    return np.select([a > 0.98, a > enough], [colours, unmixed], near_subject).astype(np.float32)
