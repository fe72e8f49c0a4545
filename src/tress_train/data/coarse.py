"""Coarse alphas for the refiner: a real locator's answers, or true alphas damaged as if by one."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tress.process.bands import unknown_band
from tress.process.geometry import fit, restore
from tress_train.data.degrade import MIN_SCALE, Damaged, degrade
from tress_train.models.locator import Locator
from tress_train.models.weights import load_weights

MULTIPLE = 32
# Smaller pictures than this tell a locator too little.
SMALLEST_PX = 128
# A locator that is further off has missed the subject; no work on the edge mends that.
_FOUND_IOU = 0.8


class CoarseSource:
    """Where coarse alphas come from.

    Args:
        weights: a locator's averaged weights; None for damaged true alphas only.
        variant: the locator's encoder.
        share: share of the samples that the locator answers for.

    Raises:
        InputError: there are no such weights.
        ModelError: they are damaged or another network's.
    """

    def __init__(self, weights: Path | None = None, variant: str = "lite2", share: float = 0.0) -> None:
        self.share = share
        self.locator: Locator | None = None
        if weights is not None:
            self.locator = Locator(variant).requires_grad_(False).eval()
            load_weights(self.locator, weights)

    def sharing(self, share: float) -> CoarseSource:
        """The same source with another share; the locator stays one and the same."""
        other = copy.copy(self)
        other.share = share
        return other

    def __call__(
        self, picture: npt.NDArray[np.uint8], true_alpha: npt.NDArray[np.float32], rng: np.random.Generator
    ) -> Damaged:
        """The coarse alpha of a picture ``(H, W, 3)`` uint8 RGB, whose true one is ``(H, W)`` float32.

        Where the locator does not find the subject, a damaged true alpha takes its answer's place.
        """
        if self.locator is not None and rng.random() < self.share:
            long_side = max(true_alpha.shape)
            scale = float(np.exp(rng.uniform(np.log(MIN_SCALE), np.log(max(MIN_SCALE, long_side / SMALLEST_PX)))))
            answer = locate(self.locator, picture, max(MULTIPLE, round(long_side / scale)))
            pred, true = answer.alpha > 0.5, true_alpha > 0.5
            if (pred & true).sum() >= _FOUND_IOU * max(1, (pred | true).sum()):
                return answer
        return degrade(true_alpha, rng)


@torch.no_grad()
def locate(locator: Locator, picture: npt.NDArray[np.uint8], long_side_px: int) -> Damaged:
    """A locator's answer to a picture ``(H, W, 3)`` uint8 RGB scaled to ``long_side_px``, at the picture's size."""
    fitted, placement = fit(picture, long_side_px, MULTIPLE)
    x = torch.from_numpy(fitted.astype(np.float32) / 255).permute(2, 0, 1)[None].contiguous()
    alpha, doubt, _ = (answer.numpy() for answer in locator(x))
    scale = max(picture.shape[:2]) / long_side_px
    return Damaged(
        np.clip(restore(alpha[0, 0], placement), 0, 1), np.clip(restore(doubt[0, 0], placement), 0, 1), scale
    )


def band_of(coarse: Damaged, reach: float) -> npt.NDArray[np.bool_]:
    """The unknown band ``(H, W)``, as the runtime finds it; ``reach`` is in the locator's pixels."""
    return unknown_band(coarse.alpha, (coarse.doubt * 255).astype(np.uint8), max(1, round(reach * coarse.scale)))


def stack_input(
    picture: npt.NDArray[np.uint8], alpha: npt.NDArray[np.float32], doubt: npt.NDArray[np.float32]
) -> Tensor:
    """What the refiner sees, ``(5, H, W)`` float32 in [0, 1]: RGB, coarse alpha and uncertainty."""
    rgb = picture.astype(np.float32) / 255
    return torch.from_numpy(np.concatenate([rgb.transpose(2, 0, 1), alpha[None], doubt[None]]))
