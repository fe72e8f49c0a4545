"""Which pictures are shown, and their panels: photo, truth, cut-out, and the place of the largest error, enlarged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from tress.arrays import Alpha, Rgb8
from tress.evaluation.data import Truth
from tress.evaluation.predictors import Prediction
from tress.outputs.preview import embedded, over_checker

PER_KIND = 4
PANEL_PX = 180
_ZOOM_SHARE = 0.25
_ZOOM_LEAST_PX = 48


@dataclass(frozen=True)
class Choice:
    """A picture to show and why."""

    picture: str
    why: str
    value: float


def choose(report: dict[str, Any], model: str, metric: str) -> list[Choice]:
    """The best, the median and the worst pictures of a model by a metric, up to four each and none twice."""
    rows = [row for row in report["pictures"].get(model, []) if metric in row["scores"]]
    better_high = report["metrics"][metric]["better"] == "higher"
    rows.sort(key=lambda row: row["scores"][metric], reverse=better_high)
    count = min(PER_KIND, len(rows) // 3) or min(1, len(rows))
    middle = max(count, (len(rows) - count) // 2)
    spans = {"best": (0, count), "median": (middle, middle + count), "worst": (len(rows) - count, len(rows))}
    chosen: dict[str, Choice] = {}
    for why, (first, last) in spans.items():
        for row in rows[max(0, first) : last]:
            chosen.setdefault(row["picture"], Choice(row["picture"], why, row["scores"][metric]))
    return list(chosen.values())


def panels(truth: Truth, prediction: Prediction) -> list[tuple[str, str]]:
    """Captions and ``data:`` addresses of a picture's panels."""
    true_alpha, known = truth.label.true_alpha, truth.label.where > 0
    found = views(truth.image, true_alpha, known, {"cut-out": prediction.alpha})
    window = worst_window(prediction.alpha, true_alpha, known)
    shown = [(caption, address(view)) for caption, view in found.items()]
    return shown + [(f"{caption}, enlarged", address(view[window])) for caption, view in found.items()]


def views(image: Rgb8, true_alpha: Alpha, known: np.ndarray, alphas: Mapping[str, Alpha]) -> dict[str, Rgb8]:
    """A photo, its true alpha, and what each of ``alphas`` cuts out of it, by their captions."""
    return {
        "photo": image,
        "true alpha": _grey(true_alpha, known),
        **{caption: over_checker(image, alpha) for caption, alpha in alphas.items()},
    }


def address(view: Rgb8) -> str:
    """A panel as a ``data:`` address."""
    return embedded(view, PANEL_PX)


def worst_window(pred_alpha: Alpha, true_alpha: Alpha, known: np.ndarray) -> tuple[slice, slice]:
    """The square, a quarter of the long side wide, in which the most error lies; rows and columns."""
    height, width = true_alpha.shape
    side = min(max(_ZOOM_LEAST_PX, round(_ZOOM_SHARE * max(height, width))), height, width)
    error = np.abs(pred_alpha - true_alpha) * known
    sums = cv2.boxFilter(error, cv2.CV_32F, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
    y, x = (int(v) for v in np.unravel_index(int(sums.argmax()), sums.shape))
    top, left = (min(max(0, at - side // 2), end - side) for at, end in ((y, height), (x, width)))
    return slice(top, top + side), slice(left, left + side)


def _grey(alpha: Alpha, known: np.ndarray) -> Rgb8:
    """Alpha as grey; what never counts is tinted."""
    grey = np.repeat((alpha * 255 + 0.5).astype(np.uint8)[..., None], 3, axis=2)
    grey[~known] = grey[~known] // 2 + np.array([90, 40, 0], np.uint8)
    return grey
