"""Stages of a refiner's recipe as data: what its crops look like and how they are weighed."""

from __future__ import annotations

from dataclasses import dataclass

from tress_train.recipes.stages import Gate

# Side of the composites that crops are taken from, and how much a cut-out may be larger than that.
CANVAS_PX, ZOOM_MAX = 384, 2.2
# Long side of whole scenes: what the runtime refines in one step; and their narrowest shape.
SCENE_PX, NARROWEST = (384, 1024), 3 / 4


@dataclass(frozen=True)
class RefinerLoss:
    """Weights of the refiner's losses: ``laplacian`` over the whole crop, the others inside the band.

    A confident mistake of the locator is where a sigmoid is flat: only ``bce`` still pulls there.
    """

    bce: float = 0.5
    l1: float = 1.0
    laplacian: float = 1.0
    gradient: float = 0.5


@dataclass(frozen=True)
class RefinerStage:
    """A stretch of training on crops of one size.

    Attributes:
        name: what it is called in the log.
        steps: budget in optimiser steps.
        batch: crops per step over all processes.
        lr: peak learning rate.
        crop_px: side of a crop, a multiple of 8.
        hair_share: share of the crops whose cut-out is of the kind ``hair``, if there are both kinds.
        strands_share: share of the crops whose cut-out gets strands of hair drawn onto it.
        scenes: how many scenes are made, see ``data.scenes``; needs the recipe's locator.
        scenes_share: share of the crops that are cut from scenes.
        locator_share: share of the gates' composites that the recipe's locator, if it has one, answers for.
        loss: weights of the losses; None takes the recipe's.
        gates: what must be reached on held-back cut-outs before the next stage starts.
        min_share: share of the budget that is trained even if the gates are passed earlier.
    """

    name: str
    steps: int
    batch: int
    lr: float
    crop_px: int = 160
    hair_share: float = 0.65
    strands_share: float = 0.5
    scenes: int = 0
    scenes_share: float = 0.75
    locator_share: float = 0.5
    loss: RefinerLoss | None = None
    gates: tuple[Gate, ...] = ()
    min_share: float = 1.0
