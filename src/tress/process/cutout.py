"""Pictures that come with alpha: cut-outs that are finished, and photos of which only a part is left.

What is clear is background for sure, and what colour hides there says nothing.  So the networks see the picture on a
ground that the subject stands out from.  A finished cut-out needs no answer of theirs: it stays as it is.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tress.arrays import Alpha, Rgb8
from tress.process.composite import over

# Less than this is a hole, a rounded corner, a mistake of an encoder.
_CLEAR_SHARE = 0.05
# Compressed alpha is seldom quite 0.
_CLEAR = 0.01
# A person who fills the frame still leaves two thirds of its border clear.
_BORDER_SHARE = 0.35
# A round or square cut of a photo is as compact as this; a subject hardly ever is, unless it is a ball or a box.
_SOLIDITY = 0.93
# So much of what is there must the networks take for the subject, where the shape alone does not tell; and so much
# where little is clear, for then this may be a photo whose subject fills it.
_AGREED_SHARE, _AGREED_SHARE_LITTLE = 0.9, 0.97
_HULL_SIDE_PX = 512
_GROUNDS = np.array([[128, 128, 128], [255, 255, 255], [0, 0, 0], [90, 150, 90]], np.uint8)


def stands_free(alpha: Alpha) -> bool:
    """Whether what is there has clear ground around it, on most of the picture's border.

    Args:
        alpha: ``(H, W)`` float32 in [0, 1], the picture's own.
    """
    there = alpha > 0.5
    border = np.concatenate([there[0], there[-1], there[:, 0], there[:, -1]])
    return _has_clear_ground(alpha) and float(border.mean()) <= _BORDER_SHARE


def is_finished(alpha: Alpha) -> bool:
    """Whether what is there stands free and has the shape of a subject, which is no plain form."""
    return stands_free(alpha) and _solidity(alpha > 0.5) < _SOLIDITY


def agrees(found: Alpha, own: Alpha) -> bool:
    """Whether the networks take nearly all that is there for the subject."""
    share = _AGREED_SHARE if _has_clear_ground(own) else _AGREED_SHARE_LITTLE
    return bool((own < _CLEAR).any()) and float((found * own).sum()) >= share * float(own.sum())


def _has_clear_ground(alpha: Alpha) -> bool:
    return float((alpha < _CLEAR).mean()) >= _CLEAR_SHARE


def on_contrasting_ground(image: Rgb8, alpha: Alpha) -> Rgb8:
    """The picture over the plain ground, of a few, that is farthest from its colours.

    Args:
        image: ``(H, W, 3)`` uint8 sRGB, straight.
        alpha: ``(H, W)`` float32 in [0, 1].

    Returns:
        ``(H, W, 3)`` uint8; the picture itself if no colour hides in it.
    """
    if not (alpha < _CLEAR).any():
        return image
    step = max(1, max(alpha.shape) // 256)
    colours, weights = image[::step, ::step].reshape(-1, 3).astype(np.float32), alpha[::step, ::step].ravel()
    colours = colours[weights > 0.5]
    # Opaque pixels come out as they are.
    return over(image, alpha, _farthest(colours) if len(colours) else _GROUNDS[0])


def _farthest(colours: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """The ground that the fewest colours are near to; by the tenth that is nearest."""
    distances = [np.percentile(np.linalg.norm(colours - ground, axis=1), 10) for ground in _GROUNDS.astype(np.float32)]
    return _GROUNDS[int(np.argmax(distances))]


def _solidity(there: npt.NDArray[np.bool_]) -> float:
    """The share of its convex hull that a shape fills; 1 for none."""
    scale = min(1.0, _HULL_SIDE_PX / max(there.shape))
    size = (max(1, round(there.shape[1] * scale)), max(1, round(there.shape[0] * scale)))
    small = cv2.resize(there.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    points = cv2.findNonZero(small)
    if points is None:
        return 1.0
    hull = np.zeros_like(small)
    cv2.fillConvexPoly(hull, cv2.convexHull(points), 1)
    return float(small.sum()) / float(hull.sum())
