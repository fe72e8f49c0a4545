"""A task is a network with its loss and its way to answer: what the loop trains, whatever the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tress.process.geometry import fit, restore
from tress_train import checkpoint
from tress_train.curriculum import LocatorLoss
from tress_train.losses.bce import bce
from tress_train.losses.composition import composition
from tress_train.losses.gradient import gradient
from tress_train.losses.l1 import l1
from tress_train.losses.laplacian import laplacian
from tress_train.losses.presence import presence
from tress_train.losses.soft_iou import soft_iou
from tress_train.losses.ssim import ssim
from tress_train.losses.uncertainty import uncertainty
from tress_train.models.efficientnet_lite import find_weights, freeze_batch_norm, load_imagenet
from tress_train.models.locator import Locator, LocatorLogits
from tress_train.recipes.base import Recipe

MULTIPLE = 32


class LocatorTask(nn.Module):
    """Trains a ``Locator``.  ``forward`` takes a batch and returns every loss, already weighted.

    Args:
        recipe: encoder, frozen parts and precision are taken from it.
        init: weights to start from; None takes what the recipe says.
    """

    def __init__(self, recipe: Recipe, init: Path | None = None) -> None:
        super().__init__()
        self.recipe, self.weights = recipe, recipe.loss
        self.model = Locator(recipe.variant)
        if init is not None:
            checkpoint.load_weights(self.model, init)
        elif recipe.encoder_weights == "imagenet":
            load_imagenet(self.model.encoder, find_weights(recipe.variant))
        self.model.encoder.freeze(recipe.frozen_stages)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def train(self, mode: bool = True) -> LocatorTask:
        """Training mode, in which frozen batch norms keep their statistics."""
        super().train(mode)
        freeze_batch_norm(self.model if self.recipe.norms == "frozen" else self.model.encoder)
        return self

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Every loss of a batch as ``TrainingSet`` makes it, already weighted."""
        image = batch["image"].contiguous(memory_format=torch.channels_last)
        with torch.autocast(image.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            out = self.model.logits(image)
        return locator_losses(LocatorLogits(*(x.float() for x in out)), batch, self.weights)

    def groups(self) -> list[dict[str, Any]]:
        """Encoder and decoder, each with and without weight decay (none on biases and norms)."""
        optim, groups = self.recipe.optim, []
        for share, inside in ((optim.encoder_lr_share, True), (1.0, False)):
            named = [
                (name, p)
                for name, p in self.model.named_parameters()
                if p.requires_grad and name.startswith("encoder.") == inside
            ]
            weights, others = [p for _, p in named if p.ndim > 1], [p for _, p in named if p.ndim <= 1]
            groups.append({"params": weights, "weight_decay": optim.weight_decay, "share": share})
            groups.append({"params": others, "weight_decay": 0.0, "share": share})
        return [group for group in groups if group["params"]]


def locator_losses(out: LocatorLogits, batch: dict[str, Tensor], weights: LocatorLoss) -> dict[str, Tensor]:
    """Every loss of one batch as ``TrainingSet`` makes it, already weighted; their sum is what is minimised."""
    alpha_logits, coarse_logits = out.alpha, out.alpha_coarse
    pred_alpha = torch.sigmoid(alpha_logits)
    true_alpha, where, soft = batch["alpha"], batch["where"], batch["soft"]
    coarse_size = (coarse_logits.shape[-2], coarse_logits.shape[-1])
    coarse_weight = F.adaptive_avg_pool2d(where, coarse_size)
    coarse_alpha = F.adaptive_avg_pool2d(true_alpha * where, coarse_size) / (coarse_weight + 1e-6)
    losses = {
        "bce": weights.bce * bce(alpha_logits, true_alpha, where),
        "soft_iou": weights.soft_iou * soft_iou(pred_alpha, true_alpha, where),
        "l1": weights.l1 * l1(pred_alpha, true_alpha, where),
        "laplacian": weights.laplacian * laplacian(pred_alpha, true_alpha, soft),
        "gradient": weights.gradient * gradient(pred_alpha, true_alpha, soft),
        "coarse": weights.coarse * bce(coarse_logits, coarse_alpha.clamp(0, 1), (coarse_weight > 0.99).float()),
        "uncertainty": weights.uncertainty
        * uncertainty(out.uncertainty, pred_alpha, true_alpha, where, soft, fuzzy=batch["fuzzy"]),
        "presence": weights.presence * presence(out.presence, batch["presence"], batch["presence_weight"]),
    }
    if weights.ssim:
        losses["ssim"] = weights.ssim * ssim(pred_alpha, true_alpha, soft)
    if weights.composition:
        coloured = soft * batch["coloured"][:, None, None, None]
        losses["composition"] = weights.composition * composition(
            pred_alpha, true_alpha, batch["foreground"], batch["background"], coloured
        )
    return losses


class LocatorPredictor:
    """Answers for whole pictures with a locator, as the runtime does.

    Args:
        model: in inference mode.
        long_side_px: the picture's long side is scaled to this.
        precision: ``bf16`` or ``fp32``.
    """

    def __init__(self, model: Locator, long_side_px: int, precision: str) -> None:
        self.model, self.long_side_px, self.precision = model, long_side_px, precision

    @torch.no_grad()
    def __call__(self, image: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], float]:
        """Alpha ``(H, W)`` float32 and presence of a picture ``(H, W, 3)`` uint8 RGB."""
        device = next(self.model.parameters()).device
        fitted, placement = fit(image, self.long_side_px, MULTIPLE)
        x = torch.from_numpy(fitted.astype(np.float32) / 255).permute(2, 0, 1)[None].to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            alpha, _, present = self.model(x.contiguous(memory_format=torch.channels_last))
        answer = np.clip(restore(alpha[0, 0].float().cpu().numpy(), placement), 0, 1)
        return answer, float(present)
