"""Both networks at once: the refiner learns from the answers the locator gives now, the locator from the refiner."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tress.evaluation.manifest import Record
from tress.process.bands import REACH_FIRST
from tress_train.data.coarse import CoarseSource, band_of
from tress_train.data.crops import corner_of_crop
from tress_train.data.dataset import SLIVER
from tress_train.data.degrade import Damaged
from tress_train.data.gathering import RunData
from tress_train.data.pairs import Pairs
from tress_train.data.pools import Pools
from tress_train.models.locator import LocatorLogits
from tress_train.models.weights import load_weights
from tress_train.recipes.base import JointRecipe
from tress_train.recipes.stages import CUTOUTS
from tress_train.scoring.band_eval import BandRow
from tress_train.tasks.base import Examined, Task, arranged, autocast, parameter_groups, to_floats
from tress_train.tasks.locator import LocatorTask, locator_losses
from tress_train.tasks.refiner import RefinerTask, examine_refiner, refiner_losses


class Parts(NamedTuple):
    """The tasks of a joint one; a tuple hides them from torch, so that their networks belong to ``model`` alone."""

    locator: LocatorTask
    refiner: RefinerTask


class JointTask(Task):
    """Trains a ``Locator`` and a ``Refiner`` together.

    Its ``model`` holds both, as ``locator`` and ``refiner``; ``models.weights`` finds either in its weights.

    Args:
        recipe: the weights to start from may be given in it, network by network.
        init: weights of both, as an earlier run of this task left them; None takes those of the recipe.

    Raises:
        InputError: there are no such weights.
        ModelError: they are damaged or another network's.
    """

    watched = frozenset({"refiner_coarse_l1"})

    def __init__(self, recipe: JointRecipe, init: Path | None = None) -> None:
        super().__init__()
        self.recipe = recipe
        self.locator_weights, self.refiner_weights = recipe.loss, recipe.refiner_loss
        locator = LocatorTask(recipe, Path(recipe.locator_weights) if recipe.locator_weights else None)
        refiner = RefinerTask(recipe.refiner(), Path(recipe.refiner_weights) if recipe.refiner_weights else None)
        self.parts = Parts(locator, refiner)
        self.model = nn.ModuleDict({"locator": locator.model, "refiner": refiner.model})
        if init is not None:
            load_weights(self.model, init)

    def train(self, mode: bool = True) -> JointTask:
        """Training mode, in which frozen batch norms keep their statistics."""
        super().train(mode)
        for task in self.parts:
            task.train(mode)
        return self

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Every loss of a batch as ``Pairs`` makes it, already weighted; the refiner's are called ``refiner_*``."""
        batch = to_floats(batch, but=("scene", "scene_alpha"))
        photos, scenes = batch["image"], batch["scene_view"]
        image = arranged(torch.cat([photos, scenes]))
        with autocast(image.device, self.recipe.precision):
            out = self.parts.locator.model.logits(image)
        out = LocatorLogits(*(x.float() for x in out))
        crops = self._crops(out, batch)
        refined = refiner_losses(self.parts.refiner.alpha(crops["input"]), crops, self.refiner_weights)
        return {
            **locator_losses(out, _with_scenes(batch), self.locator_weights),
            **{f"refiner_{name}": value for name, value in refined.items()},
        }

    def groups(self) -> list[dict[str, Any]]:
        """The locator's, and the refiner's with a learning rate of its own."""
        refiner = list(self.parts.refiner.model.named_parameters())
        share = self.recipe.refiner_lr_share
        return [*self.parts.locator.groups(), *parameter_groups(refiner, self.recipe.optim.weight_decay, share)]

    def start_stage(self, index: int, data: RunData, length: int) -> Pairs:
        """Sets the weights of the stage's losses; samples are the locator's, each with a scene."""
        stage = self.recipe.stages[index]
        self.locator_weights = stage.loss or self.recipe.loss
        pools = Pools(data.library, self.recipe.hair_share)
        return Pairs(
            self.parts.locator.start_stage(index, data, length), pools, strands_share=self.recipe.strands_share
        )

    def examine(self, index: int, data: RunData) -> Examined:
        """Scores the locator as its own task does, and the refiner on held-back cut-outs that the locator answered."""
        found = self.parts.locator.examine(index, data)
        source = CoarseSource(share=1.0)
        # Sources ask their locator on the processor.
        source.locator = copy.deepcopy(self.parts.locator.model).cpu()
        refined = examine_refiner(self.parts.refiner.refine, source, [CUTOUTS], data)

        def draw(rows: Sequence[Any], records: Mapping[str, Record]) -> npt.NDArray[np.uint8]:
            return (refined if isinstance(rows[0], BandRow) else found).draw(rows, records)

        return Examined(
            rows={**found.rows, **refined.rows},
            scores={**found.scores, **refined.scores},
            val=found.val,
            shown={**found.shown, **refined.shown},
            draw=draw,
        )

    def _crops(self, out: LocatorLogits, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Crops of the scenes around the band, as ``RefinerCrops`` makes them; gradients reach the locator."""
        first = len(batch["image"])
        size, crop_px = (batch["scene"].shape[-2], batch["scene"].shape[-1]), self.recipe.crop_px
        planes = torch.sigmoid(torch.cat([out.alpha, out.uncertainty], 1)[first:])
        planes = F.interpolate(planes, size=size, mode="bilinear", align_corners=False)
        scale = size[0] / out.alpha.shape[-2]
        found: dict[str, list[Tensor]] = {"input": [], "alpha": [], "band": []}
        for i, index in enumerate(batch["index"]):
            alpha, doubt = planes[i].detach().cpu().numpy()
            band = band_of(Damaged(alpha, doubt, scale), REACH_FIRST)
            band_plane = torch.from_numpy(band.astype(np.float32))[None].to(planes.device)
            true_alpha = batch["scene_alpha"][i].float() / 255
            true_pixels = true_alpha[0].cpu().numpy()
            rng = np.random.default_rng((self.recipe.seed, 4, int(index)))
            for _ in range(self.recipe.crops):
                y, x = corner_of_crop(band, true_pixels, crop_px, rng)
                cut = (slice(None), slice(y, y + crop_px), slice(x, x + crop_px))
                found["input"].append(torch.cat([batch["scene"][i][cut].float() / 255, planes[i][cut]]))
                found["alpha"].append(true_alpha[cut])
                found["band"].append(band_plane[cut])
        return {name: torch.stack(crops) for name, crops in found.items()}


def _with_scenes(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """The locator's labels of photos and scenes; those of scenes are exact everywhere.

    The true colours of scenes are not known: as with photos, ``composition`` says nothing about them.
    """
    alpha = batch["scene_view_alpha"]
    everywhere, presence = torch.ones_like(alpha), torch.ones_like(batch["presence"])
    labels = {
        "alpha": alpha,
        "where": everywhere,
        "soft": everywhere,
        "fuzzy": torch.zeros_like(alpha),
        "presence": presence,
        "presence_weight": ((alpha > 0.5).float().mean((1, 2, 3)) > SLIVER).float(),
    }
    if "coloured" in batch:
        view = batch["scene_view"]
        labels |= {"foreground": view, "background": view, "coloured": torch.zeros_like(presence)}
    return {name: torch.cat([batch[name], label]) for name, label in labels.items()}
