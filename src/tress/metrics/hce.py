"""HCE: human correction effort, an estimate of the mouse clicks that mend a mask.

Reference: Qin et al., Highly Accurate Dichotomous Image Segmentation, ECCV 2022 (DIS).
Pinned: ``alpha > 0.5``; errors within gamma = 5 steps (cross-shaped) of a correct contour are forgiven, thin parts of
the subject never are (they are kept by their skeleton); every closed region that must be added or removed as a whole
costs one click, every other error costs the corner points of its open contour (Douglas-Peucker, 2 px).
As in the published code, the first and last run of a closed contour are joined with the first one reversed.
Deviations: the skeleton is Zhang and Suen's own (1984), where the published code uses scikit-image's variant of it, so
single pixels of a skeleton differ and with them the clicks, by up to 5 % of a picture's.  Pixels whose truth is not
known count as right.  The number depends on the resolution; compare only on the same pictures.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tress.metrics.base import Mask, Metric, Sample
from tress.metrics.thinning import skeleton

GAMMA = 5
EPSILON_PX = 2.0

_Points = npt.NDArray[np.int32]


def human_correction_effort(sample: Sample) -> float:
    """Clicks to mend the mask."""
    return float(clicks(sample.neutral_pred_mask, sample.true_mask))


def clicks(pred: Mask, true: Mask) -> int:
    """Clicks that turn ``pred`` into ``true``, each ``(H, W)`` bool."""
    right, union = pred & true, pred | true
    extra, missing = pred & ~true, true & ~pred
    core = _erode(union, GAMMA)
    extra_far = extra & _grow_within(extra & core, ~true)
    missing_far = missing & _grow_within(missing & core, ~pred)
    missing_far |= skeleton(true) & ~right
    elsewhere = ~(right | extra_far | missing_far)
    return _effort(extra_far, right | missing_far) + _effort(missing_far, elsewhere)


def _effort(wrong: Mask, other: Mask) -> int:
    """Clicks for the regions ``wrong``, of which contours that touch ``other`` must be redrawn."""
    if not wrong.any():
        return 0
    touches = _dilate(other)
    contours, _ = cv2.findContours(wrong.astype(np.uint8), cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE)
    count, labels = cv2.connectedComponents(wrong.astype(np.uint8), connectivity=8)
    alone = np.ones(count, bool)
    alone[0] = False
    visited = np.zeros(wrong.shape, bool)
    points = 0
    for contour in contours:
        for run in _runs(contour[:, 0], touches, visited):
            alone[labels[run[:, 1], run[:, 0]]] = False
            points += len(cv2.approxPolyDP(run[:, None], EPSILON_PX, False))
    return points + int(alone.sum())


def _runs(contour: _Points, touches: Mask, visited: Mask) -> list[_Points]:
    """The runs of ``(N, 2)`` contour points (x, y) that lie on ``touches`` and were not visited before."""
    keep = touches[contour[:, 1], contour[:, 0]] & ~visited[contour[:, 1], contour[:, 0]]
    # A line one pixel wide is walked along both sides; its points count once.
    first = np.zeros(len(contour), bool)
    first[np.unique(contour, axis=0, return_index=True)[1]] = True
    keep &= first
    visited[contour[keep, 1], contour[keep, 0]] = True
    where = np.flatnonzero(keep)
    if not len(where):
        return []
    runs = [contour[part] for part in np.split(where, np.flatnonzero(np.diff(where) > 1) + 1)]
    if len(runs) > 1 and np.abs(runs[0][0] - runs[-1][-1]).max() == 1:
        runs[-1] = np.concatenate([runs[-1], runs[0][::-1]])
        del runs[0]
    return runs


_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def _erode(mask: Mask, steps: int) -> Mask:
    return cv2.erode(mask.astype(np.uint8), _CROSS, iterations=steps) > 0


def _dilate(mask: Mask) -> Mask:
    return cv2.dilate(mask.astype(np.uint8), _CROSS) > 0


def _grow_within(seed: Mask, allowed: Mask) -> Mask:
    for _ in range(GAMMA):
        seed = _dilate(seed) & allowed
    return seed


METRICS = (Metric("hce", "HCE", "lower", "where", human_correction_effort),)
