"""E-measure: enhanced alignment of prediction and truth at every threshold.

Reference: Fan et al., Enhanced-alignment Measure for Binary Foreground Map Evaluation, IJCAI 2018.
Pinned: 255 thresholds (8-bit alpha >= 1 ... 255), curve averaged over the pictures of a set; ``mean_e`` and ``max_e``
are its mean and maximum.  Truth is ``alpha > 0.5``; only known pixels count.  Divided by the number of pixels minus
one, as in the published code.
"""

from __future__ import annotations

import numpy as np

from tress.metrics.base import Metric, Plane, Sample
from tress.metrics.f_measure import max_of_mean_curve, mean_of_mean_curve
from tress.metrics.thresholds import counts

_EPS = float(np.spacing(1.0))


def e_curve(sample: Sample) -> Plane:
    """E at each of the 255 thresholds, ``(255,)`` float64."""
    hits, alarms, subject, background = counts(sample)
    size = subject + background
    taken = hits + alarms
    if subject == 0:
        total = (size - taken).astype(np.float64)
    elif background == 0:
        total = taken.astype(np.float64)
    else:
        mean_p, mean_t = taken / size, subject / size
        total = np.zeros(len(taken))
        # Only four kinds of pixel exist: taken or not, subject or not.
        for number, p, t in (
            (hits, 1, 1),
            (alarms, 1, 0),
            (subject - hits, 0, 1),
            (background - alarms, 0, 0),
        ):
            dp, dt = p - mean_p, t - mean_t
            align = 2 * dp * dt / (dp**2 + dt**2 + _EPS)
            total += number * (align + 1) ** 2 / 4
    return total / max(1, size - 1)


METRICS = (
    Metric("mean_e", "mean E", "higher", "where", e_curve, mean_of_mean_curve, per_picture=False, needs_subject=False),
    Metric("max_e", "max E", "higher", "where", e_curve, max_of_mean_curve, per_picture=False, needs_subject=False),
)
