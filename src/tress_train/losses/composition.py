"""Composition loss: an error of alpha costs as much as one sees of it (Xu et al. 2017, section 3.2)."""

from __future__ import annotations

from torch import Tensor

EPS = 1e-6


def composition(
    pred_alpha: Tensor, true_alpha: Tensor, foreground: Tensor, background: Tensor, weight: Tensor
) -> Tensor:
    """Weighted mean over pixels and channels of the difference between two composites.

    Both composites use the true colours ``(N, 3, H, W)``, one with the predicted and one with the true alpha.  The
    published square root of a squared difference is the plain absolute difference here.
    """
    pred = pred_alpha * foreground + (1 - pred_alpha) * background
    true = true_alpha * foreground + (1 - true_alpha) * background
    return ((pred - true).abs().mean(1, keepdim=True) * weight).sum() / (weight.sum() + EPS)
