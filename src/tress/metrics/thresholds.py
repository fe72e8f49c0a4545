"""Counts of predicted pixels at every threshold, for the metrics that sweep it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tress.metrics.base import Sample

LEVELS = np.arange(1, 256)
"""The 255 thresholds: a pixel is taken as subject if its 8-bit alpha reaches the level."""


def counts(sample: Sample) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int, int]:
    """Taken pixels at each level inside and outside the true mask, and how many there are of either.

    Returns:
        ``(255,)`` int64 hits, ``(255,)`` int64 false alarms, subject pixels, background pixels; known pixels only.
    """
    return sample.once("threshold_counts", _counts)


def _counts(sample: Sample) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int, int]:
    level = (sample.pred_alpha[sample.where] * 255 + 0.5).astype(np.uint8)
    true = sample.true_mask[sample.where]
    subject = np.bincount(level[true], minlength=256)
    background = np.bincount(level[~true], minlength=256)
    # reached[t] = number of pixels with level >= t
    reach = [histogram[::-1].cumsum()[::-1][1:] for histogram in (subject, background)]
    return reach[0], reach[1], int(subject.sum()), int(background.sum())
