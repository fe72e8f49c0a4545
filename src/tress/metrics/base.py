"""What every metric is given and what it has to say about itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from tress.arrays import Alpha, Rgb8, check_alpha, check_same_size

Mask = npt.NDArray[np.bool_]
Plane = npt.NDArray[np.float64]
Result = TypeVar("Result")

SOFT_LOW, SOFT_HIGH = 5 / 255, 250 / 255
"""Alpha between these is soft; beyond them it is subject or background with the noise of an 8-bit file."""
BAND_SHARE = 0.01
"""Reach of the unknown band beyond soft pixels and edges, as a share of the picture's long side."""


@dataclass(frozen=True)
class Colours:
    """What a re-composite needs besides alpha: foreground colours, each ``(H, W, 3)`` uint8 sRGB, straight."""

    pred: Rgb8
    true: Rgb8


@dataclass(frozen=True, eq=False)
class Sample:
    """One picture to be measured; everything is at the picture's own resolution.

    Attributes:
        pred_alpha: ``(H, W)`` float32 in [0, 1].
        true_alpha: ``(H, W)`` float32 in [0, 1].
        where: ``(H, W)`` bool: pixels whose true alpha says on which side of the edge they lie.
        soft: ``(H, W)`` bool: pixels whose true alpha is right to its last bit.
        presence: the predictor's own belief in [0, 1] that there is a subject, or None if it has none.
        colours: called by metrics that need foreground colours; None if there are none.
    """

    pred_alpha: Alpha
    true_alpha: Alpha
    where: Mask
    soft: Mask
    presence: float | None = None
    colours: Callable[[], Colours] | None = None
    _memory: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        check_alpha(self.pred_alpha, "pred_alpha")
        check_alpha(self.true_alpha, "true_alpha")
        for name in ("pred_alpha", "where", "soft"):
            check_same_size(getattr(self, name), self.true_alpha, (name, "true_alpha"))

    def once(self, name: str, compute: Callable[[Sample], Result]) -> Result:
        """The result of ``compute(self)``, computed at most once for metrics that share it."""
        if name not in self._memory:
            self._memory[name] = compute(self)
        return self._memory[name]

    @cached_property
    def true_mask(self) -> Mask:
        """``(H, W)`` bool: true alpha above one half."""
        return self.true_alpha > 0.5

    @cached_property
    def pred_mask(self) -> Mask:
        """``(H, W)`` bool: predicted alpha above one half."""
        return self.pred_alpha > 0.5

    @cached_property
    def neutral_pred_mask(self) -> Mask:
        """``(H, W)`` bool: as ``pred_mask``, but right by definition where the truth is not known."""
        return np.where(self.where, self.pred_mask, self.true_mask)

    @cached_property
    def has_subject(self) -> bool:
        """Whether some known pixel is subject."""
        return bool((self.true_mask & self.where).any())

    @cached_property
    def unknown(self) -> Mask:
        """``(H, W)`` bool: the unknown band of the true alpha, within ``soft``.

        Soft pixels and pixels on either side of a jump across one half, grown by a disc whose radius is 1 % of the
        long side (at least 1 px).  This is close to the trimaps of P3M and AIM (25 px kernel at about 1300 px) and
        does not depend on the picture's scale.
        """
        band = ((self.true_alpha > SOFT_LOW) & (self.true_alpha < SOFT_HIGH)).astype(np.uint8)
        ones = np.ones((3, 3), np.uint8)
        band |= cv2.morphologyEx(
            self.true_mask.astype(np.uint8), cv2.MORPH_GRADIENT, ones, borderType=cv2.BORDER_REPLICATE
        )
        radius_px = max(1, round(BAND_SHARE * max(band.shape)))
        # A distance costs the same at any radius; a large round kernel does not.
        away_px = cv2.distanceTransform(1 - band, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        return (away_px <= radius_px) & self.soft if band.any() else np.zeros(band.shape, bool)


def weighted_rows(values: Plane, weights: Plane) -> Plane:
    """Weighted means ``(B, K)`` of the rows of ``(N, K)``, with ``(B, N)`` weights."""
    return weights @ values / weights.sum(axis=1, keepdims=True)


def mean_over_set(values: Plane, weights: Plane) -> Plane:
    """What a set scores by any metric that is measured per picture: the mean."""
    return weighted_rows(values, weights)[:, 0]


@dataclass(frozen=True)
class Metric:
    """A metric and what one must know to use it.

    Attributes:
        name: unique, in snake case.
        title: as it stands in tables.
        better: which direction is better.
        labels: ``where``: needs to know on which side of the edge a pixel lies; may be applied to every edge grade,
            to known pixels.  ``soft``: needs the exact alpha; never applied to ``hard``, ``unknown128`` or ``teacher``
            edges.
        measure: one picture's result: a number, or a ``(K,)`` float64 array from which ``over_set`` makes the set's.
        over_set: makes scores of a set from ``(N, K)`` float64, a row a picture, and ``(B, N)`` float64, how often
            each picture counts; gives ``(B,)`` float64, NaN where the set has no score.
        per_picture: the result of one picture is itself a score, and the set's is the mean.
        needs_subject: pictures without a subject are left out.
    """

    name: str
    title: str
    better: Literal["lower", "higher"]
    labels: Literal["where", "soft"]
    measure: Callable[[Sample], Any]
    over_set: Callable[[Plane, Plane], Plane] = mean_over_set
    per_picture: bool = True
    needs_subject: bool = True

    def applies(self, sample: Sample) -> bool:
        """Whether this sample may be measured by this metric."""
        known = sample.where if self.labels == "where" else sample.soft
        return bool(known.any()) and (sample.has_subject or not self.needs_subject)

    def __call__(self, sample: Sample) -> Plane | None:
        """The picture's result as ``(K,)`` float64, or None where the metric does not apply or has no answer."""
        if not self.applies(sample):
            return None
        result = self.measure(sample)
        return None if result is None else np.atleast_1d(np.asarray(result, np.float64))

    def score(self, values: Plane) -> float:
        """The score of a set from its pictures' results, ``(N, K)`` float64."""
        return float(self.over_set(values, np.ones((1, len(values))))[0])
