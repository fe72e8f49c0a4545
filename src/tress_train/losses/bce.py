"""Weighted binary cross entropy with soft targets: where the subject is."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

EPS = 1e-6


def bce(logits: Tensor, true_alpha: Tensor, weight: Tensor) -> Tensor:
    """Mean cross entropy over the pixels that count; zero when none does."""
    loss = F.binary_cross_entropy_with_logits(logits, true_alpha, reduction="none")
    return (loss * weight).sum() / (weight.sum() + EPS)
