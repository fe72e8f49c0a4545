"""The shape of a recipe: everything that decides a run, typed and frozen."""

from __future__ import annotations

from dataclasses import dataclass, field

from tress_train.data.dataset import Mix
from tress_train.tasks import LocatorLoss


@dataclass(frozen=True)
class Phase:
    """A stretch of training at one resolution.

    Attributes:
        name: what it is called in the log.
        steps: optimiser steps.
        long_side_px: long side of the samples.
        batch: samples per step.
        lr: peak learning rate of the decoder; the encoder's is ``encoder_lr_share`` of it.
        mix: how often each data set is drawn.
    """

    name: str
    steps: int
    long_side_px: int
    batch: int
    lr: float
    mix: Mix


@dataclass(frozen=True)
class Recipe:
    """A locator training run.

    Attributes:
        name: also the name of the run's folder.
        variant: encoder.
        phases: run one after the other, each with its own warm-up and cosine decay.
        encoder_lr_share: learning rate of the encoder relative to the decoder's.
        frozen_stages: stem and this many encoder stages stay as ImageNet left them.
        weight_decay: AdamW.
        clip_norm: gradients are clipped to this norm.
        ema_decay: of the averaged weights, which are the ones evaluated and exported.
        warmup_steps: per phase.
        final_lr_share: the cosine ends at this share of the peak.
        seed: start of all randomness.
        checkpoint_every, evaluate_every: in steps.
        loss: weights of the losses.
    """

    name: str
    variant: str
    phases: tuple[Phase, ...]
    encoder_lr_share: float = 0.2
    frozen_stages: int = 3
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    ema_decay: float = 0.998
    warmup_steps: int = 150
    final_lr_share: float = 0.02
    seed: int = 1
    checkpoint_every: int = 200
    evaluate_every: int = 1000
    loss: LocatorLoss = field(default_factory=LocatorLoss)
