"""The two regions in which the matting metrics are reported: the whole picture and the unknown band."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from tress.metrics.base import Mask, Metric, Plane, Sample

SUM_UNIT = 1000
"""Sums over pixels are divided by this, as in the tables of the literature."""


def whole_and_unknown(
    name: str, title: str, error: Callable[[Sample], Plane], how: Literal["sum", "mean"]
) -> tuple[Metric, Metric]:
    """A matting metric for the whole picture and one, ``NAME_unknown``, for the unknown band of the true alpha.

    Args:
        name: of the metric.
        title: as it stands in tables.
        error: gives ``(H, W)`` float64, every pixel's error.
        how: ``sum`` over pixels divided by 1000, or ``mean``.
    """

    def over(sample: Sample, region: Mask) -> float | None:
        errors = sample.once(name, error)[region]
        if not errors.size:
            return None
        return float(errors.sum() / SUM_UNIT if how == "sum" else errors.mean())

    return (
        Metric(name, title, "lower", "soft", lambda sample: over(sample, sample.soft)),
        Metric(f"{name}_unknown", f"{title} (band)", "lower", "soft", lambda sample: over(sample, sample.unknown)),
    )


def difference(sample: Sample) -> Plane:
    """Predicted minus true alpha, ``(H, W)`` float64."""
    return sample.pred_alpha.astype(np.float64) - sample.true_alpha
