"""Weighted F-measure, beta^2 = 1: an F that sees where an error lies.

Reference: Margolin et al., How to Evaluate Foreground Maps?, CVPR 2014.
Pinned: 7x7 Gaussian with sigma 5 for the dependency between pixels, errors far from the subject weigh up to twice.
Deviations: pixels whose truth is not known are left out of every sum, and distances run to the nearest known subject
pixel; which of several nearly equally near subject pixels is taken follows OpenCV's 5x5 chamfer labels, which moves the
score by less than 0.002.
"""

from __future__ import annotations

import cv2
import numpy as np

from tress.metrics.base import Metric, Sample

_EPS = float(np.spacing(1.0))


def weighted_f(sample: Sample) -> float:
    """The weighted F-measure."""
    subject = sample.true_mask & sample.where
    background = ~sample.true_mask & sample.where
    error = np.abs(sample.pred_alpha.astype(np.float64) - sample.true_mask) * sample.where
    outside = (~subject).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    away_px = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    error_of_label = np.zeros(int(labels.max()) + 1)
    error_of_label[labels[subject]] = error[subject]
    spread = np.where(subject, error, error_of_label[labels])
    smooth = cv2.GaussianBlur(spread, (7, 7), 5, borderType=cv2.BORDER_CONSTANT)
    lowered = np.where(subject, np.minimum(error, smooth), error)
    weighted = lowered * np.where(subject, 1.0, 2 - np.exp(np.log(0.5) / 5 * away_px))
    missed, total = float(weighted[subject].sum()), int(subject.sum())
    hits = total - missed
    recall = 1 - missed / total
    precision = hits / (hits + float(weighted[background].sum()) + _EPS)
    return 2 * recall * precision / (recall + precision + _EPS)


METRICS = (Metric("weighted_f", "weighted F", "higher", "where", weighted_f),)
