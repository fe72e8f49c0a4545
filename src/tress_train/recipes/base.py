"""The shape of a recipe: everything that decides a run, typed and frozen."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, TypeVar

from tress.errors import InputError
from tress_train.recipes.refiner_stages import CANVAS_PX, NARROWEST, SCENE_PX, RefinerLoss, RefinerStage
from tress_train.recipes.stages import OTHERS, Composites, Gate, LocatorLoss, Metric, Mix, Stage


@dataclass(frozen=True)
class Optim:
    """How the weights move.

    Attributes:
        lr_scale: every stage's learning rate is multiplied by this.
        encoder_lr_share: learning rate of the encoder relative to the decoder's.
        weight_decay: AdamW, on weights but not on biases and norms.
        clip_norm: gradients are clipped to this norm.
        ema_decay: of the averaged weights, which are the ones evaluated and exported.
        warmup_steps: per stage.
        final_lr_share: the cosine ends at this share of the peak.
    """

    lr_scale: float = 1.0
    encoder_lr_share: float = 0.2
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    ema_decay: float = 0.998
    warmup_steps: int = 150
    final_lr_share: float = 0.02


@dataclass(frozen=True)
class BaseRecipe:
    """What every training run is given, whatever it trains.

    Attributes:
        name: also the name of the file it stands in.
        stages: run one after the other, each with its own warm-up and cosine decay.
        norms: statistics of the batch norms: learned from each ``batch``, or ``frozen`` as they are.
        precision: ``bf16`` (mixed), ``fp32``, or ``auto``: bf16 where the processor computes in it, see ``tasks.base``.
        optim: how the weights move.
        keep_gate_pictures_out: pictures of ``gates.json`` are never trained on.
        own_held_back: share of the training pictures that is held back and forms the subset ``own``.
        seed: start of all randomness.
        log_every, checkpoint_every, evaluate_every: in steps; the latter two are multiples of the first.
        loader_processes: that prepare samples.
    """

    name: str
    stages: tuple[Stage, ...] | tuple[RefinerStage, ...]
    norms: Literal["batch", "frozen"] = "batch"
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    optim: Optim = field(default_factory=Optim)
    keep_gate_pictures_out: bool = True
    own_held_back: float = 0.0
    seed: int = 1
    log_every: int = 50
    checkpoint_every: int = 200
    evaluate_every: int = 1000
    loader_processes: int = 1

    def __post_init__(self) -> None:
        names = [stage.name for stage in self.stages]
        if not names or len(set(names)) < len(names):
            raise InputError("recipe_invalid", f"the stages of recipe {self.name} need distinct names, not {names}")
        for name in ("checkpoint_every", "evaluate_every"):
            if self.log_every < 1 or getattr(self, name) < 1 or getattr(self, name) % self.log_every:
                raise InputError(
                    "recipe_invalid",
                    f"{name}={getattr(self, name)} is no multiple of log_every={self.log_every}",
                    hint="a run that continues from a checkpoint must start a fresh line of the log",
                )
        for stage in self.stages:
            if stage.steps < 1 or stage.batch < 1:
                raise InputError("recipe_invalid", f"stage {stage.name} needs steps and a batch")


@dataclass(frozen=True)
class Recipe(BaseRecipe):
    """A training run of a locator.

    Attributes:
        task: what is trained, see ``tasks``.
        variant: encoder.
        encoder_weights: what the encoder starts from when the run is not given weights.
        frozen_stages: the stem and this many encoder stages stay as they are; so do all its batch norms.
        loss: weights of the losses, for stages that have none of their own.
        val_stride: every how many-th validation picture is looked at in an evaluation; 0 for none.
        keep_px: long side to which pictures are scaled down as they are read; 0 for a quarter more than the samples'.
        in_memory: decoded pictures are kept; else each is read again whenever it is drawn, which takes some 10 ms and
            next to no memory.
    """

    stages: tuple[Stage, ...]
    task: Literal["locator"] = "locator"
    variant: str = "lite2"
    encoder_weights: Literal["imagenet", "random"] = "imagenet"
    frozen_stages: int = 3
    loss: LocatorLoss = field(default_factory=LocatorLoss)
    val_stride: int = 2
    keep_px: int = 0
    in_memory: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for stage in self.stages:
            if min(stage.sides_px) < 32:
                raise InputError("recipe_invalid", f"the samples of stage {stage.name} need at least 32 px")


@dataclass(frozen=True)
class RefinerRecipe(BaseRecipe):
    """A training run of a refiner.

    Attributes:
        task: what is trained, see ``tasks``.
        loss: weights of the losses, for stages that have none of their own.
        locator_weights: averaged weights of a locator whose answers serve as coarse alphas; without a locator all
            coarse alphas are damaged true ones.
        locator_variant: its encoder.
    """

    stages: tuple[RefinerStage, ...]
    task: Literal["refiner"] = "refiner"
    loss: RefinerLoss = field(default_factory=RefinerLoss)
    locator_weights: str = ""
    locator_variant: str = "lite2"

    def __post_init__(self) -> None:
        super().__post_init__()
        for stage in self.stages:
            if stage.crop_px % 8 or not 32 <= stage.crop_px <= CANVAS_PX:
                raise InputError(
                    "recipe_invalid",
                    f"stage {stage.name} cannot have crops of {stage.crop_px} px",
                    hint=f"a multiple of 8 from 32 to {CANVAS_PX}",
                )
            if stage.scenes and stage.crop_px > (smallest := int(SCENE_PX[0] * NARROWEST)):
                raise InputError(
                    "recipe_invalid",
                    f"crops of {stage.crop_px} px of stage {stage.name} do not fit into all scenes",
                    hint=f"at most {smallest} with scenes",
                )


AnyRecipe = TypeVar("AnyRecipe", bound=BaseRecipe)


def recipe_hash(recipe: BaseRecipe) -> str:
    """SHA-256 of everything the recipe says, as hexadecimal."""
    return hashlib.sha256(json.dumps(asdict(recipe), sort_keys=True).encode()).hexdigest()


def smoke(recipe: AnyRecipe, *, processes: int = 1, keep_network: bool = False) -> AnyRecipe:
    """The same recipe, small enough to run through in a minute: a few steps, tiny pictures, random weights.

    It keeps the stages, losses and the order of things; data sets are drawn as they come, and gates look at held-back
    pictures with thresholds that every network passes.

    Args:
        recipe: what shall be tried.
        processes: among which every batch is shared.
        keep_network: the run is given weights, so a locator's encoder stays the one that they fit.
    """
    batch = 2 * processes
    small = replace(
        recipe,
        # Building bfloat16 kernels takes longer than these few steps.
        precision="fp32",
        optim=replace(recipe.optim, warmup_steps=1),
        own_held_back=0.3,
        log_every=1,
        checkpoint_every=2,
        evaluate_every=2,
        loader_processes=0,
    )
    if isinstance(small, Recipe):
        stages = tuple(
            replace(
                stage,
                steps=2,
                long_side_px=_SMOKE_PX,
                also_px=0,
                window_px=min(stage.window_px, 32),
                first_px=_SMOKE_PX // 2,
                first_also_px=0,
                batch=batch,
                mix=_SMOKE_MIX,
                more=(),
                gates=_easy(stage.gates),
            )
            for stage in small.stages
        )
        variant = small.variant if keep_network else "lite0"
        return replace(small, stages=stages, variant=variant, encoder_weights="random")
    if isinstance(small, RefinerRecipe):
        crops = tuple(
            replace(stage, steps=2, crop_px=64, batch=batch, scenes=min(stage.scenes, 2), gates=_easy(stage.gates))
            for stage in small.stages
        )
        # There are fewer cut-outs than photos, and both sides of the split need some.
        return replace(small, stages=crops, own_held_back=0.5)
    return small


_SMOKE_PX = 64
_SMOKE_MIX = Mix(sets={OTHERS: 0.5}, composite=0.4, empty=0.1, composites=Composites(studio=0.5))
_PASSED_BY_ALL: dict[Metric, float] = {"iou": 0.0, "mae": 1.0, "band_mad": 1.0, "band_gain": -1e9}


def _easy(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    return tuple(Gate(gate.metric, "own", _PASSED_BY_ALL[gate.metric]) for gate in gates)
