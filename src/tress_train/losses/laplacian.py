"""Laplacian pyramid loss: compares alpha at every level of detail (Hou and Liu 2019, section 3.2)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

EPS = 1e-6


def _blur(x: Tensor) -> Tensor:
    taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], dtype=x.dtype, device=x.device) / 16
    x = F.conv2d(F.pad(x, (2, 2, 0, 0), mode="replicate"), taps.view(1, 1, 1, 5))
    return F.conv2d(F.pad(x, (0, 0, 2, 2), mode="replicate"), taps.view(1, 1, 5, 1))


def laplacian(pred_alpha: Tensor, true_alpha: Tensor, weight: Tensor, levels: int = 5) -> Tensor:
    """Weighted L1 between Laplacian pyramids, level ``k`` counted ``2**k`` times.

    As published, but normalised by the weight of each level, so that pixels whose alpha is not known leave no trace,
    and divided by the number of levels.  A coefficient counts only as far as its whole surroundings are known.
    """
    difference = (pred_alpha - true_alpha) * weight
    total = difference.new_zeros(())
    for level in range(levels):
        coarse = _blur(difference)[..., ::2, ::2]
        if level < levels - 1:
            band = difference - F.interpolate(coarse, size=difference.shape[-2:], mode="bilinear", align_corners=False)
        else:
            band = difference
        total = total + 2**level * (band.abs() * weight).sum() / (weight.sum() + EPS)
        difference = coarse
        # Minimum over the window: a coarse pixel is known only if all it averages is.
        weight = -F.max_pool2d(-weight, 2, ceil_mode=True)[..., : coarse.shape[-2], : coarse.shape[-1]]
    return total / levels
