"""The refiner's task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tress.evaluation.manifest import Record
from tress_train.data.coarse import CoarseSource, stack_input
from tress_train.data.crops import RefinerCrops
from tress_train.data.gates import read_targets
from tress_train.data.gathering import RunData
from tress_train.data.pools import Pools
from tress_train.data.scenes import Scenes
from tress_train.losses.bce import bce
from tress_train.losses.gradient import gradient
from tress_train.losses.l1 import l1
from tress_train.losses.laplacian import laplacian
from tress_train.models.efficientnet_lite import freeze_batch_norm
from tress_train.models.refiner import Refiner
from tress_train.models.weights import load_weights
from tress_train.recipes.base import RefinerRecipe
from tress_train.recipes.refiner_stages import RefinerLoss
from tress_train.scoring.band_eval import BandRow, Floats, Refine, band_eval, band_means, band_sheet
from tress_train.tasks.base import SHOWN, Examined, Task, arranged, autocast, parameter_groups

# Where cross entropy takes an alpha for 0 or 1.
LOGIT_EPS = 1e-4


class RefinerTask(Task):
    """Trains a ``Refiner``.

    Args:
        recipe: the locator behind the coarse alphas, norms and precision are taken from it.
        init: weights to start from; None starts as the identity.

    Raises:
        InputError: there are no such weights, or none of the locator.
        ModelError: they are damaged or another network's.
    """

    # The coarse alpha's own error in the band, as ``l1`` measures it: what the refiner has to beat.
    watched = frozenset({"coarse_l1"})

    def __init__(self, recipe: RefinerRecipe, init: Path | None = None) -> None:
        super().__init__()
        self.recipe, self.weights = recipe, recipe.loss
        self.model: Refiner = Refiner()
        if init is not None:
            load_weights(self.model, init)
        weights = Path(recipe.locator_weights) if recipe.locator_weights else None
        self.source = CoarseSource(weights, recipe.locator_variant)

    def train(self, mode: bool = True) -> RefinerTask:
        """Training mode, in which frozen batch norms keep their statistics."""
        super().train(mode)
        if self.recipe.norms == "frozen":
            freeze_batch_norm(self.model)
        return self

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Every loss of a batch as ``RefinerCrops`` makes it, already weighted, and ``coarse_l1``."""
        return refiner_losses(self.alpha(batch["input"]), batch, self.weights)

    def groups(self) -> list[dict[str, Any]]:
        """All weights, with and without weight decay."""
        return parameter_groups(list(self.model.named_parameters()), self.recipe.optim.weight_decay)

    def start_stage(self, index: int, data: RunData, length: int) -> RefinerCrops:
        """Sets the weights of the stage's losses; samples are crops of composites."""
        stage = self.recipe.stages[index]
        self.weights = stage.loss or self.recipe.loss
        pools = Pools(data.library, stage.hair_share)
        seed, scenes = self.recipe.seed * 1000 + index, None
        if stage.scenes and self.source.locator is not None:
            scenes = Scenes(
                pools,
                self.source.locator,
                folder=data.folder / "scenes",
                seed=seed,
                count=stage.scenes,
                strands_share=stage.strands_share,
            )
        return RefinerCrops(
            pools,
            crop_px=stage.crop_px,
            seed=seed,
            length=length,
            strands_share=stage.strands_share,
            scenes=scenes,
            scenes_share=stage.scenes_share,
        )

    def examine(self, index: int, data: RunData) -> Examined:
        """Scores composites of held-back cut-outs; there are no validation pictures with an exact alpha to score."""
        names = sorted({gate.subset for stage in self.recipe.stages[: index + 1] for gate in stage.gates})
        source = self.source.sharing(self.recipe.stages[index].locator_share)
        return examine_refiner(self.refine, source, names, data)

    def alpha(self, x: Tensor) -> Tensor:
        """The refined alpha, ``(N, 1, T, T)`` float32, of inputs ``(N, 5, T, T)``."""
        with autocast(x.device, self.recipe.precision):
            return self.model(arranged(x)).float()

    @torch.no_grad()
    def refine(self, image: npt.NDArray[np.uint8], alpha: Floats, doubt: Floats) -> Floats:
        """The refined alpha of a whole picture, whose sides are multiples of 8."""
        device = next(self.model.parameters()).device
        return self.alpha(stack_input(image, alpha, doubt)[None].to(device))[0, 0].cpu().numpy()


def refiner_losses(alpha: Tensor, batch: dict[str, Tensor], weights: RefinerLoss) -> dict[str, Tensor]:
    """Every loss of the refined ``alpha`` of ``RefinerCrops``, already weighted, and ``coarse_l1``."""
    true_alpha, band, coarse = batch["alpha"], batch["band"], batch["input"][:, 3:4]
    # Outside the band the runtime keeps the coarse value: what the user gets is what counts.
    pred_alpha = alpha * band + coarse * (1 - band)
    return {
        "bce": weights.bce * bce(torch.logit(alpha, LOGIT_EPS), true_alpha, band),
        "l1": weights.l1 * l1(pred_alpha, true_alpha, band),
        "laplacian": weights.laplacian * laplacian(pred_alpha, true_alpha, torch.ones_like(band)),
        "gradient": weights.gradient * gradient(pred_alpha, true_alpha, band),
        "coarse_l1": l1(coarse, true_alpha, band),
    }


def examine_refiner(refine: Refine, source: CoarseSource, names: Sequence[str], data: RunData) -> Examined:
    """Scores a refiner on the composites of the subsets ``names``; ``source`` gives their coarse alphas."""
    rows = {name: band_eval(refine, source, read_targets(data.subsets[name], data.train)) for name in names}

    def draw(rows: Sequence[BandRow], records: Mapping[str, Record]) -> npt.NDArray[np.uint8]:
        targets = {target.key: target for target in read_targets([row.key for row in rows], records)}
        return band_sheet(rows, targets, refine, source)

    worst = {f"{name}-worst": sorted(found, key=lambda row: row.band_gain)[:SHOWN] for name, found in rows.items()}
    return Examined(
        rows=rows,
        scores={name: band_means(found) for name, found in rows.items()},
        val={},
        shown={name: (found, data.train) for name, found in worst.items()},
        draw=draw,
    )
