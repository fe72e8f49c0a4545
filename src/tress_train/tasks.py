"""A task is a forward pass with its loss: what the loop trains, whatever the network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from tress_train.losses.bce import bce
from tress_train.losses.gradient import gradient
from tress_train.losses.l1 import l1
from tress_train.losses.laplacian import laplacian
from tress_train.losses.presence import presence
from tress_train.losses.soft_iou import soft_iou
from tress_train.losses.uncertainty import uncertainty
from tress_train.models.locator import Locator


@dataclass(frozen=True)
class LocatorLoss:
    """Weights of the locator's losses."""

    bce: float = 1.0
    soft_iou: float = 0.6
    l1: float = 1.0
    laplacian: float = 0.5
    gradient: float = 0.5
    coarse: float = 0.4
    uncertainty: float = 0.3
    presence: float = 0.15


def locator_losses(model: Locator, batch: dict[str, Tensor], weights: LocatorLoss) -> dict[str, Tensor]:
    """Every loss of one batch, already weighted; their sum is what is minimised."""
    out = model.logits(batch["image"])
    alpha_logits = out.alpha.float()
    pred_alpha = torch.sigmoid(alpha_logits)
    true_alpha, where, soft = batch["alpha"], batch["where"], batch["soft"]
    coarse_logits = out.alpha_coarse.float()
    coarse_size = (coarse_logits.shape[-2], coarse_logits.shape[-1])
    coarse_weight = F.adaptive_avg_pool2d(where, coarse_size)
    coarse_alpha = F.adaptive_avg_pool2d(true_alpha * where, coarse_size) / (coarse_weight + 1e-6)
    return {
        "bce": weights.bce * bce(alpha_logits, true_alpha, where),
        "soft_iou": weights.soft_iou * soft_iou(pred_alpha, true_alpha, where),
        "l1": weights.l1 * l1(pred_alpha, true_alpha, where),
        "laplacian": weights.laplacian * laplacian(pred_alpha, true_alpha, soft),
        "gradient": weights.gradient * gradient(pred_alpha, true_alpha, soft),
        "coarse": weights.coarse * bce(coarse_logits, coarse_alpha.clamp(0, 1), (coarse_weight > 0.99).float()),
        "uncertainty": weights.uncertainty * uncertainty(out.uncertainty.float(), pred_alpha, true_alpha, where, soft),
        "presence": weights.presence * presence(out.presence.float(), batch["presence"], batch["presence_weight"]),
    }
