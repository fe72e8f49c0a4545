"""Teaches the presence head to say whether there is a subject at all."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

EPS = 1e-6


def presence(logits: Tensor, true_presence: Tensor, weight: Tensor) -> Tensor:
    """Weighted cross entropy per picture; all arguments are ``(N,)``."""
    loss = F.binary_cross_entropy_with_logits(logits, true_presence, reduction="none")
    return (loss * weight).sum() / (weight.sum() + EPS)
