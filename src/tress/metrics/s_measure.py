"""S-measure: structural similarity, half of objects and half of regions (alpha = 0.5).

Reference: Fan et al., Structure-measure: A New Way to Evaluate Foreground Maps, ICCV 2017.
Deviation: pixels whose truth is not known are left out of every mean, variance and area.  Where all are known it is the
published measure.  Truth is ``alpha > 0.5``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tress.metrics.base import Metric, Plane, Sample

ALPHA = 0.5
_EPS = float(np.spacing(1.0))


def s_measure(sample: Sample) -> float:
    """The structure measure in [0, 1]; without a subject one minus the mean prediction."""
    pred = sample.pred_alpha.astype(np.float64)
    true = sample.true_mask
    subject = true & sample.where
    background = ~true & sample.where
    share = float(subject.sum() / sample.where.sum())
    if share == 0:
        return 1 - float(pred[background].mean())
    if share == 1:
        return float(pred[subject].mean())
    objects = share * _object(pred[subject]) + (1 - share) * _object(1 - pred[background])
    return max(0.0, ALPHA * objects + (1 - ALPHA) * _regions(pred, true, sample.where))


def _object(values: Plane) -> float:
    mean = float(values.mean())
    spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return 2 * mean / (mean**2 + 1 + spread + _EPS)


def _regions(pred: Plane, true: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_]) -> float:
    """SSIM of the four blocks that meet at the subject's centroid, weighted by their known area."""
    ys, xs = np.nonzero(true & known)
    # The block boundary lies behind the centroid's pixel, as in the published code.
    y, x = round(float(ys.mean())) + 1, round(float(xs.mean())) + 1
    total, score = int(known.sum()), 0.0
    for rows in (slice(None, y), slice(y, None)):
        for columns in (slice(None, x), slice(x, None)):
            inside = known[rows, columns]
            area = int(inside.sum())
            if area:
                score += area / total * _ssim(pred[rows, columns][inside], true[rows, columns][inside])
    return score


def _ssim(pred: Plane, true: npt.NDArray[np.bool_]) -> float:
    mean_p, mean_t = float(pred.mean()), float(true.mean())
    freedom = max(1, pred.size - 1)
    dp, dt = pred - mean_p, true - mean_t
    covariance = float((dp * dt).sum()) / freedom
    numerator = 4 * mean_p * mean_t * covariance
    denominator = (mean_p**2 + mean_t**2) * float((dp * dp).sum() + (dt * dt).sum()) / freedom
    if numerator:
        return numerator / (denominator + _EPS)
    return 1.0 if denominator == 0 else 0.0


METRICS = (Metric("s_measure", "S", "higher", "where", s_measure, needs_subject=False),)
