"""A quick look at labelled pictures during training: scores per picture at the picture's own resolution.

Release scores never come from here but from ``tress.evaluation``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tress_train.data.gates import Target

Predict = Callable[[npt.NDArray[np.uint8]], tuple[npt.NDArray[np.float32], float]]
_SOFT = 8
_BAND_PX = 5


@dataclass(frozen=True)
class Row:
    """Scores of one picture, over the pixels whose label can be trusted.

    iou: of alpha above one half.  mae: mean error of alpha.  band_mad: mean error in the soft band; None where the
    soft alpha is not known.  presence: as predicted.
    """

    key: str
    set: str
    iou: float
    mae: float
    band_mad: float | None
    presence: float


def score(predict: Predict, target: Target) -> Row:
    """Scores one picture."""
    pred_alpha, presence = predict(target.image)
    label = target.label
    known, true_alpha = label.where > 0, label.alpha.astype(np.float32) / 255
    pred, true = pred_alpha[known] > 0.5, true_alpha[known] > 0.5
    union = int((pred | true).sum())
    error = np.abs(pred_alpha - true_alpha)
    soft = ((label.alpha > _SOFT) & (label.alpha < 255 - _SOFT)).astype(np.uint8)
    band = (cv2.dilate(soft, np.ones((_BAND_PX, _BAND_PX), np.uint8)) > 0) & (label.soft > 0)
    return Row(
        target.key,
        target.set,
        iou=int((pred & true).sum()) / union if union else 1.0,
        mae=float(error[known].mean()) if known.any() else 0.0,
        band_mad=float(error[band].mean()) if band.any() else None,
        presence=presence,
    )


def quick_eval(predict: Predict, targets: Iterable[Target]) -> list[Row]:
    """Scores pictures one after the other; ``targets`` may decode them as it goes."""
    return [score(predict, target) for target in targets]


def means(rows: Sequence[Row]) -> dict[str, float]:
    """Mean of every score, and the number of pictures ``n``; scores that no picture has are left out."""
    found: dict[str, float] = {"n": len(rows)}
    for name in ("iou", "mae", "band_mad", "presence"):
        values = [value for row in rows if (value := getattr(row, name)) is not None]
        if values:
            found[name] = round(float(np.mean(values)), 5)
    return found


def by_set(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """``means`` of every data set."""
    return {name: means([row for row in rows if row.set == name]) for name in sorted({row.set for row in rows})}


def mean_over_sets(rows: Sequence[Row]) -> dict[str, float]:
    """IoU and MAE as means over the data sets that have a subject, however large each is."""
    sets = [scores for name, scores in by_set(rows).items() if name != "empty"]
    return {name: round(float(np.mean([s[name] for s in sets])), 5) for name in ("iou", "mae")} if sets else {}
