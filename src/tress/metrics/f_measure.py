"""F-measure: precision and recall at every threshold, with beta^2 = 0.3.

Reference: Achanta et al., Frequency-tuned Salient Region Detection, CVPR 2009.
Pinned: 255 thresholds (8-bit alpha >= 1 ... 255); the curve is averaged over the pictures of a set first; ``max_f`` is
the maximum and ``mean_f`` the mean of that averaged curve.  A maximum per picture would be higher.  Truth is
``alpha > 0.5``; only known pixels count.  Predictions are not stretched to [0, 1].
"""

from __future__ import annotations

import numpy as np

from tress.metrics.base import Metric, Plane, Sample, weighted_rows
from tress.metrics.thresholds import counts

BETA2 = 0.3


def f_curve(sample: Sample) -> Plane:
    """F at each of the 255 thresholds, ``(255,)`` float64; 0 where nothing is hit."""
    hits, alarms, subject, _ = counts(sample)
    precision = hits / np.maximum(hits + alarms, 1)
    recall = hits / subject
    return (1 + BETA2) * precision * recall / np.maximum(BETA2 * precision + recall, 1e-12)


def max_of_mean_curve(values: Plane, weights: Plane) -> Plane:
    """The maximum of the averaged curve."""
    return weighted_rows(values, weights).max(axis=1)


def mean_of_mean_curve(values: Plane, weights: Plane) -> Plane:
    """The mean of the averaged curve."""
    return weighted_rows(values, weights).mean(axis=1)


METRICS = (
    Metric("max_f", "max F", "higher", "where", f_curve, max_of_mean_curve, per_picture=False),
    Metric("mean_f", "mean F", "higher", "where", f_curve, mean_of_mean_curve, per_picture=False),
)
