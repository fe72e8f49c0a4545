"""Teaches the uncertainty head where the refiner has to look."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tress_train.losses.bce import bce

SOFT_LOW, SOFT_HIGH = 0.03, 0.97
WRONG_BY = 0.15


def uncertainty(
    logits: Tensor, pred_alpha: Tensor, true_alpha: Tensor, where: Tensor, soft: Tensor, *, fuzzy: Tensor
) -> Tensor:
    """Cross entropy against "this pixel is soft, or the network gets it wrong".

    A pixel is a positive if its true alpha is neither 0 nor 1 (known only where ``soft`` is one; widened by two
    pixels), if it is ``fuzzy``, or if the present prediction misses it by more than ``WRONG_BY``.  The prediction is
    taken as given: no gradient flows into it.
    """
    with torch.no_grad():
        is_soft = ((true_alpha > SOFT_LOW) & (true_alpha < SOFT_HIGH)).float() * soft
        is_soft = F.max_pool2d(is_soft, 5, 1, 2)
        wrong = ((pred_alpha - true_alpha).abs() > WRONG_BY).float() * where
        target = torch.maximum(torch.maximum(is_soft, wrong), fuzzy)
    return bce(logits, target, torch.maximum(where, fuzzy))
