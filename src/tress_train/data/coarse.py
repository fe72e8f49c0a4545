"""Coarse alphas for the refiner: a real locator's answers, or true alphas damaged as if by one."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tress.process.bands import unknown_band
from tress.process.geometry import resize
from tress.process.looks import Located
from tress_train.data.degrade import MIN_SCALE, Damaged, degrade
from tress_train.models.locator import Locator, looks_twice
from tress_train.models.looking import Looking
from tress_train.models.weights import load_weights
from tress_train.recipes.stages import FIRST_LOOK_PX, SECOND_LOOK_PX

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
            found = looked_at(self.locator, picture, round(long_side / scale))
            answer = enlarged(found, true_alpha.shape)
            pred, true = answer.alpha > 0.5, true_alpha > 0.5
            if (pred & true).sum() >= _FOUND_IOU * max(1, (pred | true).sum()):
                return answer
        return degrade(true_alpha, rng)


def looked_at(locator: nn.Module, picture: npt.NDArray[np.uint8], long_side_px: int) -> Located:
    """A locator's answer as the runtime would have it to a photo so much finer than what the locator sees of it.

    Args:
        locator: one that has learned a second look takes it.
        picture: ``(H, W, 3)`` uint8 RGB.
        long_side_px: of the copy that the locator is shown; the answer is no finer than that.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, long_side_px / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    look = Looking(locator, FIRST_LOOK_PX, SECOND_LOOK_PX if looks_twice(locator) else 0)
    found = look(resize(picture, *size))
    if found.alpha.shape[0] <= size[0]:
        return found
    assert found.uncertainty is not None
    return Located(resize(found.alpha, *size), resize(found.uncertainty, *size), found.presence)


def enlarged(answer: Located, size: tuple[int, ...]) -> Damaged:
    """A locator's answer at the size ``(H, W)`` of the picture."""
    assert answer.uncertainty is not None
    alpha, doubt = resize(answer.alpha, *size), resize(answer.uncertainty, *size) / np.float32(255)
    return Damaged(np.clip(alpha, 0, 1), np.clip(doubt, 0, 1), size[0] / answer.alpha.shape[0])


def band_of(coarse: Damaged, reach: float) -> npt.NDArray[np.bool_]:
    """The unknown band ``(H, W)``, as the runtime finds it; ``reach`` is in the locator's pixels."""
    return unknown_band(coarse.alpha, (coarse.doubt * 255).astype(np.uint8), max(1, round(reach * coarse.scale)))


def stack_input(
    picture: npt.NDArray[np.uint8], alpha: npt.NDArray[np.float32], doubt: npt.NDArray[np.float32]
) -> Tensor:
    """What the refiner sees, ``(5, H, W)`` float32 in [0, 1]: RGB, coarse alpha and uncertainty."""
    rgb = picture.astype(np.float32) / 255
    return torch.from_numpy(np.concatenate([rgb.transpose(2, 0, 1), alpha[None], doubt[None]]))
