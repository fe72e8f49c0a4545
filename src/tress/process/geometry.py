"""Fitting a picture to a network's input.

This is the only place that resamples pictures, for the runtime and for the training data alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

# Below this scale bilinear interpolation would skip source pixels; area averaging does not.
_SHRINK = 0.75


@dataclass(frozen=True)
class Placement:
    """Where a picture lies inside a network's input.

    The picture was resized to ``inner_height_px`` x ``inner_width_px`` and sits in the top left corner; what is beyond
    repeats its last row and column.
    """

    inner_height_px: int
    inner_width_px: int


def resize(image: npt.NDArray, height_px: int, width_px: int) -> npt.NDArray:
    """Resizes ``(H, W)`` or ``(H, W, C)``, uint8 or float32: area averaging to shrink, bilinear to grow.

    Channels must be premultiplied or independent of each other: straight RGBA would bleed hidden colours.
    """
    if image.shape[:2] == (height_px, width_px):
        return image
    shrinks = height_px < image.shape[0] or width_px < image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (width_px, height_px), interpolation=method)


def round_up(value: int, multiple: int) -> int:
    """The smallest multiple of ``multiple`` that is at least ``value``."""
    return -(-value // multiple) * multiple


def fit(image: npt.NDArray, long_side_px: int, multiple: int) -> tuple[npt.NDArray, Placement]:
    """Scales a picture so that its long side is ``long_side_px``, then pads it to a multiple.

    Args:
        image: ``(H, W)`` or ``(H, W, C)``, uint8 or float32.
        long_side_px: wanted long side; small pictures grow, aspect is kept (a short side has at least one pixel).
        multiple: height and width of the result are multiples of this.

    Returns:
        The fitted array, same dtype and channels, and where the picture lies in it.
    """
    height, width = image.shape[:2]
    scale = long_side_px / max(height, width)
    inner_height, inner_width = max(1, round(height * scale)), max(1, round(width * scale))
    fitted = resize(image, inner_height, inner_width)
    below = round_up(inner_height, multiple) - inner_height
    right = round_up(inner_width, multiple) - inner_width
    if below or right:
        fitted = cv2.copyMakeBorder(fitted, 0, below, 0, right, cv2.BORDER_REPLICATE)
    return fitted, Placement(inner_height, inner_width)


def crop_resized(
    plane: npt.NDArray, ends: tuple[float, float, float, float], height_px: int, width_px: int
) -> npt.NDArray:
    """A part of a picture at another size, without resizing the whole.

    Args:
        plane: ``(H, W)``, uint8 or float32.
        ends: top, bottom, left and right of the part, as shares of the picture.
        height_px: of the result.
        width_px: of the result.
    """
    height, width = plane.shape
    top, bottom, left, right = ends
    grow_y, grow_x = height_px / ((bottom - top) * height), width_px / ((right - left) * width)
    # Pixel centres sit at +0.5.
    matrix = np.array(
        [
            [grow_x, 0, (0.5 - left * width) * grow_x - 0.5],
            [0, grow_y, (0.5 - top * height) * grow_y - 0.5],
        ]
    )
    return warp(plane, matrix, height_px, width_px)


def warp(
    image: npt.NDArray,
    matrix: npt.NDArray[np.float64],
    height_px: int,
    width_px: int,
    border: float | tuple[float, ...] | None = None,
) -> npt.NDArray:
    """Applies a 2x3 affine map (source to target pixel coordinates) and cuts out ``height_px`` x ``width_px``.

    Pictures that shrink are averaged first, as ``resize`` does, so that no source pixel is skipped.

    Args:
        image: ``(H, W)`` or ``(H, W, C)``, uint8 or float32.
        matrix: ``(2, 3)`` float64.
        border: value outside the picture; None repeats the edge.
    """
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < _SHRINK:
        height, width = image.shape[:2]
        small = resize(image, max(1, round(height * scale)), max(1, round(width * scale)))
        grow_x, grow_y = width / small.shape[1], height / small.shape[0]
        # Pixel centres sit at +0.5, so the map between the two grids has a half-pixel shift.
        pre = np.array([[grow_x, 0, (grow_x - 1) / 2], [0, grow_y, (grow_y - 1) / 2], [0, 0, 1]])
        matrix, image = matrix @ pre, small
    mode = cv2.BORDER_REPLICATE if border is None else cv2.BORDER_CONSTANT
    value = 0 if border is None else border
    return cv2.warpAffine(
        image, matrix, (width_px, height_px), flags=cv2.INTER_LINEAR, borderMode=mode, borderValue=value
    )
