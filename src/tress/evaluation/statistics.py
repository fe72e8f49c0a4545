"""Scores with bootstrap intervals, and paired differences between models.

Pictures are resampled with replacement within their data set (Efron and Tibshirani, An Introduction to the Bootstrap,
1993; percentile intervals), with the same draws for every model and metric, so that differences are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tress.metrics.base import Metric, Plane

RESAMPLES = 1000
SEED = 0
INTERVAL = 0.95
ALL, MEAN_OF_SETS = "all", "mean of sets"


@dataclass(frozen=True)
class Estimated:
    """A number with its 95 % interval, over ``n`` pictures."""

    value: float
    low: float
    high: float
    n: int


def draws(sets: Sequence[str], resamples: int = RESAMPLES, seed: int = SEED) -> Plane:
    """How often each picture is drawn: ``(1 + resamples, N)`` float64; the first row is one everywhere.

    Args:
        sets: the data set of each of the N pictures.
        resamples: number of draws.
        seed: same seed, same draws.
    """
    rng = np.random.default_rng(seed)
    labels = np.asarray(sets)
    counts = np.zeros((1 + resamples, len(labels)))
    counts[0] = 1
    for name in sorted(set(sets)):
        members = np.flatnonzero(labels == name)
        counts[1:, members] = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), size=resamples)
    return counts


class Bootstrap:
    """Scores of pictures, resampled.

    Args:
        sets: the data set of each picture, in the order of all ``values``.
        resamples, seed: see ``draws``.
    """

    def __init__(self, sets: Sequence[str], resamples: int = RESAMPLES, seed: int = SEED) -> None:
        self._sets = np.asarray(sets)
        self._draws = draws(sets, resamples, seed)

    def score(self, metric: Metric, values: dict[int, list[float]], members: Sequence[int]) -> Estimated | None:
        """The score of a group of pictures; None if none of them has a value.

        Args:
            metric: what was measured.
            values: results by the picture's index.
            members: indices of the group.
        """
        chosen = [i for i in members if i in values]
        return _estimated(self._scores(metric, values, chosen), len(chosen))

    def difference(
        self, metric: Metric, values: dict[int, list[float]], baseline: dict[int, list[float]], members: Sequence[int]
    ) -> Estimated | None:
        """Score minus the baseline's score, on the pictures of a group for which both have a value."""
        chosen = [i for i in members if i in values and i in baseline]
        return _estimated(
            self._scores(metric, values, chosen) - self._scores(metric, baseline, chosen),
            len(chosen),
        )

    def mean_of_sets(
        self, metric: Metric, values: dict[int, list[float]], baseline: dict[int, list[float]] | None = None
    ) -> Estimated | None:
        """The mean of the sets' scores (or differences to a baseline): every data set counts the same."""
        parts, count = [], 0
        for name in np.unique(self._sets):
            chosen = [int(i) for i in np.flatnonzero(self._sets == name) if int(i) in values]
            if baseline is not None:
                chosen = [i for i in chosen if i in baseline]
            if chosen:
                scores = self._scores(metric, values, chosen)
                parts.append(scores if baseline is None else scores - self._scores(metric, baseline, chosen))
                count += len(chosen)
        parts = [part for part in parts if np.isfinite(part[0])]
        return _estimated(np.mean(parts, axis=0), count) if parts else None

    def _scores(self, metric: Metric, values: dict[int, list[float]], chosen: list[int]) -> npt.NDArray[np.float64]:
        if not chosen:
            return np.array([np.nan])
        weights = self._draws[:, chosen]
        scores = np.full(len(weights), np.nan)
        drawn = weights.sum(axis=1) > 0
        scores[drawn] = metric.over_set(np.array([values[i] for i in chosen]), weights[drawn])
        return scores


def _estimated(scores: npt.NDArray[np.float64], n: int) -> Estimated | None:
    """The first score with the interval that the others span; None if there is no score."""
    if not np.isfinite(scores[0]):
        return None
    others = scores[1:][np.isfinite(scores[1:])]
    if not others.size:
        return Estimated(float(scores[0]), float(scores[0]), float(scores[0]), n)
    low, high = np.quantile(others, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    return Estimated(float(scores[0]), float(low), float(high), n)


def verdict(metric: Metric, difference: Estimated) -> str:
    """``better``, ``worse``, or ``undecided`` when the interval of the difference holds zero."""
    if difference.low <= 0 <= difference.high:
        return "undecided"
    return "better" if (difference.value > 0) == (metric.better == "higher") else "worse"
