"""Colour error: how wrong the pixels of the edge look on a new background.

Ours.  The cut-out is laid over black, white and green; the colour error is the mean absolute difference, in 8-bit sRGB
levels, from the same done with the true alpha and the colours that belong to it, over the unknown band of the true
alpha.  A matte with a perfect alpha that keeps the old background's colours (a halo) is not perfect here.
"""

from __future__ import annotations

import numpy as np

from tress.arrays import Alpha, Rgb8
from tress.metrics.base import Metric, Plane, Sample

BACKGROUNDS = ((0, 0, 0), (255, 255, 255), (0, 177, 64))


def colour_error(sample: Sample) -> float | None:
    """Mean absolute difference of the re-composites in the unknown band, 0 to 255; None without colours or band."""
    band = sample.unknown
    if sample.colours is None or not band.any():
        return None
    colours = sample.colours()
    errors = [
        np.abs(
            _over(colours.pred, sample.pred_alpha, band, background)
            - _over(colours.true, sample.true_alpha, band, background)
        ).mean()
        for background in BACKGROUNDS
    ]
    return float(np.mean(errors))


def _over(foreground: Rgb8, alpha: Alpha, band: np.ndarray, background: tuple[int, int, int]) -> Plane:
    a = alpha[band].astype(np.float64)[:, None]
    return a * foreground[band] + (1 - a) * np.asarray(background, np.float64)


METRICS = (Metric("colour_error", "colour error", "lower", "soft", colour_error),)
