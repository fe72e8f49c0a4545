"""The locator's task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from tress.evaluation.manifest import Record
from tress.process.geometry import resize
from tress_train.data.dataset import TrainingSet
from tress_train.data.gates import read_targets
from tress_train.data.gathering import RunData, val_keys
from tress_train.data.looks import NO_LIE, TwoLooks
from tress_train.data.samples import Samples
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
from tress_train.models.locator import Locator, LocatorLogits, with_prior
from tress_train.models.looking import Looking
from tress_train.models.weights import load_weights
from tress_train.recipes.base import Recipe
from tress_train.recipes.stages import LocatorLoss, shares
from tress_train.scoring.contact_sheet import contact_sheet
from tress_train.scoring.quick_eval import Row, by_set, mean_over_sets, means, quick_eval
from tress_train.tasks.base import SHOWN, Examined, Task, arranged, autocast, parameter_groups, to_floats


class LocatorTask(Task):
    """Trains a ``Locator``.

    Args:
        recipe: encoder, frozen parts and precision are taken from it.
        init: weights to start from; None takes what the recipe says.
    """

    def __init__(self, recipe: Recipe, init: Path | None = None) -> None:
        super().__init__()
        self.recipe, self.weights = recipe, recipe.loss
        self.model: Locator = Locator(recipe.variant)
        if init is not None:
            load_weights(self.model, init)
        elif recipe.encoder_weights == "imagenet":
            load_imagenet(self.model.encoder, find_weights(recipe.variant))
        self.model.encoder.freeze(recipe.frozen_stages)

    def train(self, mode: bool = True) -> LocatorTask:
        """Training mode, in which frozen batch norms keep their statistics."""
        super().train(mode)
        freeze_batch_norm(self.model if self.recipe.norms == "frozen" else self.model.encoder)
        return self

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Every loss of a batch as ``TrainingSet`` or ``TwoLooks`` makes it, already weighted.

        The losses of a second look are called ``near_*``.
        """
        batch = to_floats(batch)
        out = self._logits(batch["image"])
        losses = locator_losses(out, batch, self.weights)
        if "near_image" not in batch:
            return losses
        # Whether there is a subject is the first look's to say: a window may lie beside it.
        near = {name.removeprefix("near_"): value for name, value in batch.items() if name.startswith("near_")}
        near |= {"presence": batch["presence"], "presence_weight": torch.zeros_like(batch["presence_weight"])}
        out = self._logits(with_prior(near["image"], *prior_of(out, near["box"], near["lie"])))
        second = locator_losses(out, near, replace(self.weights, presence=0, composition=0))
        return losses | {f"near_{name}": value for name, value in second.items() if name != "presence"}

    def _logits(self, x: Tensor) -> LocatorLogits:
        with autocast(x.device, self.recipe.precision):
            out = self.model.logits(arranged(x))
        return LocatorLogits(*(answer.float() for answer in out))

    def groups(self) -> list[dict[str, Any]]:
        """Encoder and decoder, each with and without weight decay."""
        optim, named = self.recipe.optim, list(self.model.named_parameters())
        encoder = [(name, p) for name, p in named if name.startswith("encoder.")]
        decoder = [(name, p) for name, p in named if not name.startswith("encoder.")]
        return [
            *parameter_groups(encoder, optim.weight_decay, optim.encoder_lr_share),
            *parameter_groups(decoder, optim.weight_decay),
        ]

    def start_stage(self, index: int, data: RunData, length: int) -> Samples:
        """Sets the weights of the stage's losses; samples are photos and composites."""
        stage = self.recipe.stages[index]
        self.weights = stage.loss or self.recipe.loss
        views = TrainingSet(
            data.library,
            shares(self.recipe.stages, index),
            data.difficulty,
            sides_px=stage.sides_px,
            batch=stage.batch,
            seed=self.recipe.seed * 1000 + index,
            length=length,
            with_colours=self.weights.composition > 0,
        )
        if not stage.window_px:
            return views
        return TwoLooks(views, first_sides_px=stage.first_sides_px, window_px=stage.window_px)

    def examine(self, index: int, data: RunData) -> Examined:
        """Scores frozen and validation pictures; earlier stages' subsets show what is forgotten."""
        recipe, stage = self.recipe, self.recipe.stages[index]
        predict = LocatorPredictor(self.model, max(stage.seen_px), recipe.precision, stage.second_look_px)
        gates = [gate for stage in recipe.stages[: index + 1] for gate in stage.gates if gate.metric != "band_gain"]
        names = sorted({gate.subset for gate in gates})
        rows = {name: quick_eval(predict, read_targets(data.subsets[name], data.train)) for name in names}
        val_rows = quick_eval(predict, read_targets(val_keys(recipe, data.val), data.val))

        def draw(rows: Sequence[Row], records: Mapping[str, Record]) -> npt.NDArray[np.uint8]:
            targets = {target.key: target for target in read_targets([row.key for row in rows], records)}
            return contact_sheet([(targets[row.key], row) for row in rows], predict)

        return Examined(
            rows={**rows, "val": val_rows} if val_rows else rows,
            scores={name: means(found) for name, found in rows.items()},
            val={"mean": mean_over_sets(val_rows), **by_set(val_rows)} if val_rows else {},
            shown={"val-worst": (sorted(val_rows, key=lambda row: row.iou)[:SHOWN], data.val)},
            draw=draw,
        )


def locator_losses(out: LocatorLogits, batch: dict[str, Tensor], weights: LocatorLoss) -> dict[str, Tensor]:
    """Every loss of one batch as ``TrainingSet`` makes it, already weighted; their sum is what is minimised."""
    alpha_logits, coarse_logits = out.alpha, out.alpha_coarse
    pred_alpha = torch.sigmoid(alpha_logits)
    true_alpha, where, soft = batch["alpha"], batch["where"], batch["soft"]
    coarse_size = (coarse_logits.shape[-2], coarse_logits.shape[-1])
    coarse_weight = F.adaptive_avg_pool2d(where, coarse_size)
    coarse_alpha = F.adaptive_avg_pool2d(true_alpha * where, coarse_size) / (coarse_weight + 1e-6)
    weight = where * (1 + weights.gaps * batch["gaps"]) if weights.gaps else where
    losses = {
        "bce": weights.bce * bce(alpha_logits, true_alpha, weight),
        "soft_iou": weights.soft_iou * soft_iou(pred_alpha, true_alpha, where),
        "l1": weights.l1 * l1(pred_alpha, true_alpha, weight),
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


@torch.no_grad()
def prior_of(first: LocatorLogits, box: Tensor, lie: Tensor) -> tuple[Tensor, Tensor]:
    """What the first look says inside windows.

    Args:
        first: answers to whole views, ``(N, 1, H, W)``.
        box: ``(N, 4)``: top, left, bottom and right of the windows, as shares of the view.
        lie: ``(N, 1, h, w)``: bytes that take the alpha's place, ``NO_LIE`` where it stays.

    Returns:
        Alpha and uncertainty, ``(N, 1, h, w)`` in [0, 1].
    """
    top, left, bottom, right = (box[:, i].float() for i in range(4))
    theta = torch.zeros(len(box), 2, 3, device=box.device)
    # From [-1, 1] of the window to [-1, 1] of the view.
    theta[:, 0, 0], theta[:, 0, 2] = right - left, right + left - 1
    theta[:, 1, 1], theta[:, 1, 2] = bottom - top, bottom + top - 1
    grid = F.affine_grid(theta, [len(box), 1, lie.shape[-2], lie.shape[-1]], align_corners=False)
    planes = torch.sigmoid(torch.cat([first.alpha, first.uncertainty], 1))
    planes = F.grid_sample(planes, grid, padding_mode="border", align_corners=False)
    alpha = torch.where(lie == NO_LIE, planes[:, :1], lie.float() / 255)
    return alpha, planes[:, 1:]


class LocatorPredictor:
    """Answers for whole pictures with a locator, as the runtime does.

    Args:
        model: in inference mode.
        long_side_px: the picture's long side is scaled to this.
        precision: as in the recipe.
        second_look_px: to which the long side of the subject's box is scaled at the second look; 0 for none.
    """

    def __init__(self, model: Locator, long_side_px: int, precision: str, second_look_px: int = 0) -> None:
        self.model, self.precision = model, precision
        self.looking = Looking(self._answers, long_side_px, second_look_px)

    def _answers(self, x: Tensor) -> tuple[Tensor, ...]:
        device = next(self.model.parameters()).device
        with autocast(device, self.precision):
            return tuple(self.model(arranged(x.to(device))))

    def __call__(self, image: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], float]:
        """Alpha ``(H, W)`` float32 and presence of a picture ``(H, W, 3)`` uint8 RGB."""
        located = self.looking(image)
        assert located.presence is not None
        return np.clip(resize(located.alpha, *image.shape[:2]), 0, 1), located.presence
