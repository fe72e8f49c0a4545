"""Conn: loss of connectedness to the part that both mattes agree on, divided by 1000.

Reference: Rhemann et al., A Perceptually Motivated Online Benchmark for Image Matting, CVPR 2009.
Pinned: thresholds in steps of 0.1; at each the largest 4-connected region where both alphas reach the threshold is the
source; a pixel's level is the last threshold at which it belonged to the source; what an alpha has above that level
counts from 0.15 on; ``sum(|phi pred - phi true|) / 1000``.  The paper raises the difference to the power 1 as well.
Of equally large regions the one met first, row by row, is the source.
``conn`` sums over the whole picture, ``conn_unknown`` over the unknown band of the true alpha.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from tress.metrics.base import Mask, Plane, Sample
from tress.metrics.regions import whole_and_unknown

STEP = 0.1
THETA = 0.15
# The thresholds as the alphas see them, in their own precision: 0.3 must reach the threshold 0.3.
_THRESHOLDS = np.round(np.arange(0, 11) * STEP, 10).astype(np.float32)


def largest_region(mask: Mask) -> Mask:
    """The largest 4-connected region of ``(H, W)`` bool; nothing if there is none."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count == 1:
        return np.zeros(mask.shape, bool)
    return labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))


def connection_level(pred_alpha: npt.NDArray, true_alpha: npt.NDArray) -> Plane:
    """The last threshold at which a pixel belongs to the common source, ``(H, W)`` float64."""
    common = np.minimum(pred_alpha, true_alpha)
    level = np.ones(common.shape, np.float64)
    open_still = np.ones(common.shape, bool)
    for before, threshold in pairwise(_THRESHOLDS):
        left = open_still & ~largest_region(common >= threshold)
        level[left] = round(float(before), 10)
        open_still &= ~left
    return level


def connectivity_error(sample: Sample) -> Plane:
    """Every pixel's difference in connectedness, ``(H, W)`` float64."""
    level = connection_level(sample.pred_alpha, sample.true_alpha)

    def connectedness(alpha: npt.NDArray) -> Plane:
        above = alpha.astype(np.float64) - level
        return 1 - above * (above >= THETA)

    return np.abs(connectedness(sample.pred_alpha) - connectedness(sample.true_alpha))


METRICS = whole_and_unknown("conn", "Conn", connectivity_error, "sum")
