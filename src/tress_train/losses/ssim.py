"""Structural similarity of alpha (Wang et al. 2004): keeps thin structures that a mean error hardly notices."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

EPS = 1e-6
WINDOW_PX = 11
SIGMA_PX = 1.5
C1, C2 = 0.01**2, 0.03**2


def ssim(pred_alpha: Tensor, true_alpha: Tensor, weight: Tensor) -> Tensor:
    """One minus the mean structural similarity.

    As published (Gaussian window of 11 px, sigma 1.5 px, values in [0, 1]), without windows that leave the picture.
    A window counts only if every pixel in it is known.  Zero when no window is.
    """
    known = -F.max_pool2d(-weight, WINDOW_PX, 1)
    # Unknown pixels are taken out before the windows, so that not even a product with zero leaks a gradient.
    pred_alpha, true_alpha = pred_alpha * weight, true_alpha * weight
    mean_p, mean_t = _window(pred_alpha), _window(true_alpha)
    var_p = _window(pred_alpha * pred_alpha) - mean_p * mean_p
    var_t = _window(true_alpha * true_alpha) - mean_t * mean_t
    covariance = _window(pred_alpha * true_alpha) - mean_p * mean_t
    similarity = ((2 * mean_p * mean_t + C1) * (2 * covariance + C2)) / (
        (mean_p * mean_p + mean_t * mean_t + C1) * (var_p + var_t + C2)
    )
    return ((1 - similarity) * known).sum() / (known.sum() + EPS)


def _window(x: Tensor) -> Tensor:
    offsets = torch.arange(WINDOW_PX, dtype=x.dtype, device=x.device) - WINDOW_PX // 2
    taps = torch.exp(-(offsets**2) / (2 * SIGMA_PX**2))
    taps = taps / taps.sum()
    x = F.conv2d(x, taps.view(1, 1, 1, WINDOW_PX))
    return F.conv2d(x, taps.view(1, 1, WINDOW_PX, 1))
