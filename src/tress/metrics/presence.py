"""Presence AUROC: how well a predictor tells pictures with a subject from pictures without one.

The chance that a picture with a subject gets a higher presence score than one without (Hanley and McNeil, 1982; the
Mann-Whitney statistic, ties count one half).  Measured over a set that has both kinds of pictures.
A predictor without a presence score of its own is given the mean of its largest 1 % of alpha values.
A picture has a subject if a known pixel is subject, and none if all its pixels are known to be background; where what
is unknown could hide a subject, nobody can say, and the picture does not count.
"""

from __future__ import annotations

import numpy as np

from tress.metrics.base import Metric, Plane, Sample

TOP_SHARE = 0.01


def presence_score(sample: Sample) -> float:
    """The predictor's belief in a subject, in [0, 1]."""
    if sample.presence is not None:
        return sample.presence
    flat = sample.pred_alpha.ravel()
    top = max(1, round(TOP_SHARE * flat.size))
    return float(np.partition(flat, flat.size - top)[-top:].mean())


def measure(sample: Sample) -> Plane | None:
    """``(2,)``: the presence score, and 1 if there is a subject; None if the truth does not say."""
    if not sample.has_subject and not sample.where.all():
        return None
    return np.array([presence_score(sample), float(sample.has_subject)])


def auroc(values: Plane, weights: Plane) -> Plane:
    """Area under the receiver operating characteristic of ``(N, 2)`` scores and truths; NaN with one class only."""
    is_yes = values[:, 1] > 0.5
    yes, no = values[is_yes, 0], values[~is_yes, 0]
    wins = (yes[:, None] > no) + 0.5 * (yes[:, None] == no)
    weights_yes, weights_no = weights[:, is_yes], weights[:, ~is_yes]
    pairs = weights_yes.sum(axis=1) * weights_no.sum(axis=1)
    won = ((weights_yes @ wins) * weights_no).sum(axis=1)
    return np.divide(won, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)


METRICS = (
    Metric(
        "presence_auroc", "presence AUROC", "higher", "where", measure, auroc, per_picture=False, needs_subject=False
    ),
)
