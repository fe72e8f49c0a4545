"""Gradient loss: edges as sharp as the true ones, no sharper and no softer."""

from __future__ import annotations

from torch import Tensor

EPS = 1e-6


def gradient(pred_alpha: Tensor, true_alpha: Tensor, weight: Tensor) -> Tensor:
    """Weighted L1 between horizontal and vertical differences of neighbouring pixels; both must be known."""
    d = pred_alpha - true_alpha
    wx = weight[..., :, 1:] * weight[..., :, :-1]
    wy = weight[..., 1:, :] * weight[..., :-1, :]
    dx = ((d[..., :, 1:] - d[..., :, :-1]).abs() * wx).sum() / (wx.sum() + EPS)
    dy = ((d[..., 1:, :] - d[..., :-1, :]).abs() * wy).sum() / (wy.sum() + EPS)
    return dx + dy
