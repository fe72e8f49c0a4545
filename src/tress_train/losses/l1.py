"""Mean absolute error of alpha over the pixels that count."""

from __future__ import annotations

from torch import Tensor

EPS = 1e-6


def l1(pred_alpha: Tensor, true_alpha: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean of ``|pred - true|``; zero when no pixel counts."""
    return ((pred_alpha - true_alpha).abs() * weight).sum() / (weight.sum() + EPS)
