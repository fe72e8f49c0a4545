"""Alphas out of what data sets have for labels: masks, trimaps and contours."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from tress.errors import InputError

Image = npt.NDArray[np.uint8]
# What Oxford-IIIT Pet's trimaps say, as the alpha of the edge `unknown128`: subject, ground, unknown.
_TRIMAP = np.array([0, 255, 0, 128], np.uint8)


def alpha_of_mask(data: bytes) -> Image:
    """``(H, W)`` uint8, 0 or 255, from a mask that is bright where the subject is."""
    grey = np.asarray(_open(data).convert("L"))
    return np.where(grey >= 128, 255, 0).astype(np.uint8)


def alpha_of_trimap(data: bytes) -> Image:
    """``(H, W)`` uint8, 0, 128 or 255, from a trimap with 1 for the subject, 2 for the ground and 3 for unknown.

    Raises:
        InputError: it holds other numbers.
    """
    trimap = np.asarray(_open(data))
    if trimap.ndim != 2 or trimap.min() < 1 or trimap.max() > 3:
        raise InputError("label_malformed", "the trimap holds other numbers than 1, 2 and 3")
    return _TRIMAP[trimap]


def alpha_of_contours(data: bytes, height: int, width: int) -> Image:
    """``(H, W)`` uint8, 0 or 255: the polygons of a MATLAB file of Caltech-101 or SYSU-Shapes, filled.

    A contour ``(2, N)`` has x and y relative to the corner of its box, which is ``(top, bottom, left, right)`` and
    counts from 1.
    """
    alpha = np.zeros((height, width), np.uint8)
    for contour, box in _contours(data):
        corner = np.array([box[2], box[0]], np.float64)
        points = np.rint(np.asarray(contour, np.float64).T + corner - 1)
        # One by one: where two things overlap, even-odd filling would punch a hole.
        cv2.fillPoly(alpha, [points.astype(np.int32)], 255)
    return alpha


def _contours(data: bytes) -> Iterator[tuple[Any, Any]]:
    from scipy.io import loadmat

    try:
        found = loadmat(io.BytesIO(data), squeeze_me=True, struct_as_record=False)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise InputError("label_malformed", f"the contours cannot be read: {error}") from error
    if "obj_contour" in found:
        yield found["obj_contour"], np.ravel(found["box_coord"])
        return
    for name, value in found.items():
        if not name.startswith("__"):
            for group in np.atleast_1d(value):
                for thing in np.atleast_1d(getattr(group, "object", group)):
                    yield thing.obj_contour, np.ravel(thing.box_coord)


def _open(data: bytes) -> Pillow.Image:
    try:
        return Pillow.open(io.BytesIO(data))
    except OSError as error:
        raise InputError("label_malformed", f"the label cannot be read: {error}") from error
