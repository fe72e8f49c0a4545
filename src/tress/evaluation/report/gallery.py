"""Which pictures are shown, and their panels: photo, truth, cut-out, and the place of the largest error, enlarged."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from tress.arrays import Alpha, Rgb8
from tress.evaluation.data import Truth
from tress.evaluation.predictors import Prediction
from tress.io.encode import encode
from tress.process.geometry import resize

PER_KIND = 4
PANEL_PX = 180
_ZOOM_SHARE = 0.25
_ZOOM_LEAST_PX = 48
_QUALITY = 70
_CHECKER = ((120, 120, 120), (170, 170, 170))


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
    true_alpha = truth.label.true_alpha
    views = {
        "photo": truth.image,
        "true alpha": grey_alpha(true_alpha, truth.label.where > 0),
        "cut-out": over_checker(truth.image, prediction.alpha),
    }
    window = worst_window(prediction.alpha, true_alpha, truth.label.where > 0)
    shown = [(caption, embedded(view)) for caption, view in views.items()]
    shown += [(f"{caption}, enlarged", embedded(view[window])) for caption, view in views.items()]
    return shown


def worst_window(pred_alpha: Alpha, true_alpha: Alpha, known: np.ndarray) -> tuple[slice, slice]:
    """The square, a quarter of the long side wide, in which the most error lies; rows and columns."""
    height, width = true_alpha.shape
    side = min(max(_ZOOM_LEAST_PX, round(_ZOOM_SHARE * max(height, width))), height, width)
    error = np.abs(pred_alpha - true_alpha) * known
    sums = cv2.boxFilter(error, cv2.CV_32F, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
    y, x = (int(v) for v in np.unravel_index(int(sums.argmax()), sums.shape))
    top, left = (min(max(0, at - side // 2), end - side) for at, end in ((y, height), (x, width)))
    return slice(top, top + side), slice(left, left + side)


def grey_alpha(alpha: Alpha, known: np.ndarray) -> Rgb8:
    """Alpha as grey; what never counts is tinted."""
    grey = np.repeat((alpha * 255 + 0.5).astype(np.uint8)[..., None], 3, axis=2)
    grey[~known] = grey[~known] // 2 + np.array([90, 40, 0], np.uint8)
    return grey


def over_checker(image: Rgb8, alpha: Alpha) -> Rgb8:
    """A picture's subject, as ``alpha`` cuts it out, over a checker board."""
    height, width = alpha.shape
    square = max(4, max(height, width) // 40)
    dark = (np.arange(height)[:, None] // square + np.arange(width) // square) % 2
    ground = np.array(_CHECKER, np.float32)[dark]
    return (alpha[..., None] * image + (1 - alpha[..., None]) * ground + 0.5).astype(np.uint8)


def embedded(view: Rgb8) -> str:
    """A picture as a ``data:`` address, small enough for a panel."""
    scale = PANEL_PX / max(view.shape[:2])
    small = resize(np.ascontiguousarray(view), *(max(1, round(side * scale)) for side in view.shape[:2]))
    data = encode(small, "webp", quality=_QUALITY, lossless=False)
    return "data:image/webp;base64," + base64.b64encode(data).decode()
