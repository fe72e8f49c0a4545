"""Boundary IoU: IoU of the parts of two masks that lie near their own contours.

Reference: Cheng et al., Boundary IoU: Improving Object-Centric Image Segmentation Evaluation, CVPR 2021.
Pinned: ``alpha > 0.5``; the inner boundary region is as wide as 2 % of the picture's diagonal (at least 1 px), measured
in squares as the published code does; the picture's border is a contour.  Pixels whose truth is not known are taken
out of both regions; where that is more than half of the true region, there is no score.
"""

from __future__ import annotations

import cv2
import numpy as np

from tress.metrics.base import Mask, Metric, Sample

DIAGONAL_SHARE = 0.02


def boundary_region(mask: Mask, width_px: int) -> Mask:
    """Pixels of ``(H, W)`` bool within ``width_px`` (chessboard distance) of what is not in the mask."""
    kernel = np.ones((2 * width_px + 1, 2 * width_px + 1), np.uint8)
    inner = cv2.erode(mask.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return mask & (inner == 0)


def boundary_iou(sample: Sample) -> float | None:
    """IoU of the two boundary regions; None if less than half of the true one is known."""
    height, width = sample.true_mask.shape
    width_px = max(1, round(DIAGONAL_SHARE * float(np.hypot(height, width))))
    whole = boundary_region(sample.true_mask, width_px)
    true = whole & sample.where
    if 2 * int(true.sum()) < int(whole.sum()):
        return None
    pred = boundary_region(sample.neutral_pred_mask, width_px) & sample.where
    union = int((true | pred).sum())
    return int((true & pred).sum()) / union


METRICS = (Metric("boundary_iou", "boundary IoU", "higher", "where", boundary_iou),)
