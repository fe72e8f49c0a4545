"""Stages and gates as data: what is learned in which order, and what must be reached before the next stage starts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tress.errors import TressError
from tress.process.difficulty import Difficulty

Metric = Literal["iou", "mae", "band_mad", "band_gain"]
HIGHER_IS_BETTER: Mapping[Metric, bool] = {"iou": True, "mae": False, "band_mad": False, "band_gain": True}
OTHERS = "*"
# Long sides of the picture at the first look and of the subject's box at the second, as the networks are released.
# Larger draws finer edges and takes longer; the windows of training are of views about as large.
FIRST_LOOK_PX, SECOND_LOOK_PX = 512, 928
# Data sets that are only in the later of several data folders, beside which `OTHERS` stands for those of the first.
LATER = "+"


@dataclass(frozen=True)
class Limits:
    """Which pictures a stage admits, by measured difficulty; every limit is inclusive.

    A figure that is not known (the soft share of a binary mask) passes unless a lower limit asks for it.
    """

    subjects_max: int = 1_000_000
    contrast_min: float = 0.0
    texture_max: float = math.inf
    soft_share_min: float = 0.0
    soft_share_max: float = 1.0
    holes_max: int = 1_000_000
    size_min: float = 0.0

    def admits(self, difficulty: Difficulty) -> bool:
        """Whether a picture of this difficulty belongs into the stage."""
        d = difficulty
        return (
            d.subjects <= self.subjects_max
            and d.holes <= self.holes_max
            and d.size >= self.size_min
            and (d.contrast is None or d.contrast >= self.contrast_min)
            and (d.texture is None or d.texture <= self.texture_max)
            and (self.soft_share_min == 0 if d.soft_share is None else d.soft_share >= self.soft_share_min)
            and (d.soft_share is None or d.soft_share <= self.soft_share_max)
        )


@dataclass(frozen=True)
class Composites:
    """What composites of a mix look like.

    Attributes:
        cutouts: weight of each set of cut-outs; ``*`` stands for every set that is not named; empty means all alike.
            ``+`` as for a mix.
        studio: share with a synthetic plain backdrop; the others get a photo from the background sets.
        kinds: kinds of background photos that may be used, such as ``plain`` and ``room``; one named twice is drawn
            twice as often.
        subjects_max: most subjects in one picture.
        several: share with more than one subject.
        near_colour: share whose background is moved towards the subject's mean colour.
        bystanders: share with a further cut-out far behind the subject, out of focus, which belongs to the ground.
        cast_shadows: share of the subjects that cast a shadow on the ground, beside the soft ones on what is behind.
    """

    cutouts: dict[str, float] = field(default_factory=dict)
    studio: float = 0.15
    kinds: tuple[str, ...] = ("plain", "room")
    subjects_max: int = 3
    several: float = 0.3
    near_colour: float = 0.1
    bystanders: float = 0.0
    cast_shadows: float = 0.0


@dataclass(frozen=True)
class Mix:
    """How often each data set is drawn, relative to the others.

    Attributes:
        sets: weight of photos by data set, or by a list of pictures (``@NAME``, see ``data.lists``); ``*`` stands for
            all sets that are not named; others are not drawn.  Where ``+`` is given, it stands for those that are only
            in later data folders; where only one of both finds sets, it has the weight of both.
        composite: weight of composites made of cut-outs and backgrounds.
        empty: weight of pictures without a subject.
        limits: which photos may be drawn; None admits all.
        composites: what composites look like.
        gaps: sets (or ``composite``) whose labels know the gaps of subjects: handles, rings, between arm and body.
        uneven_light: share of the backgrounds, of composites and without a subject, that light falls on unevenly.
    """

    sets: dict[str, float] = field(default_factory=dict)
    composite: float = 0.0
    empty: float = 0.0
    limits: Limits | None = None
    composites: Composites = field(default_factory=Composites)
    gaps: tuple[str, ...] = ()
    uneven_light: float = 0.0


@dataclass(frozen=True)
class LocatorLoss:
    """Weights of the locator's losses; a weight of zero switches the loss off.

    ``gaps`` is what a pixel in a gap of the subject weighs more than others in ``bce`` and ``l1``.
    """

    bce: float = 1.0
    soft_iou: float = 0.6
    l1: float = 1.0
    laplacian: float = 0.5
    gradient: float = 0.5
    composition: float = 0.0
    ssim: float = 0.0
    coarse: float = 0.4
    uncertainty: float = 0.3
    presence: float = 0.15
    gaps: float = 0.0


@dataclass(frozen=True)
class Gate:
    """One precision criterion: the mean of ``metric`` over a frozen set of pictures must reach ``threshold``.

    Attributes:
        metric: ``iou`` (at least), ``mae`` or ``band_mad`` (at most; mean error inside the soft band).  A refiner's
            is ``band_gain`` (at least): the share of the coarse alpha's mean squared error in the band that is gone.
        subset: a list of ``gates.json``, or ``own`` for the pictures held back from the data that is trained on.
            A refiner has ``own`` and ``hair``: held-back cut-outs of all kinds, and of that kind.
        threshold: the value to reach.
    """

    metric: Metric
    subset: str
    threshold: float

    def passed_by(self, value: float) -> bool:
        """Whether ``value`` reaches the threshold; NaN never does."""
        return value >= self.threshold if HIGHER_IS_BETTER[self.metric] else value <= self.threshold


@dataclass(frozen=True)
class Stage:
    """A stretch of training at one resolution.

    Attributes:
        name: what it is called in the log.
        steps: budget in optimiser steps.
        long_side_px: long side of the samples.
        also_px: long side of the samples of every second batch; 0 stands for ``long_side_px``.
        batch: samples per step over all processes.
        lr: peak learning rate of the decoder.
        mix: which data is drawn how often.
        more: further mixes to draw from, with the share of each; ``mix`` has the rest.
        loss: weights of the losses; None takes the recipe's.
        replay_share: share of the samples that is drawn from the mixes of the earlier stages.
        gates: what must be reached on frozen pictures before the next stage starts.
        min_share: share of the budget that is trained even if the gates are passed earlier.
        window_px: side of the windows of the samples that a second look sees; 0 for the first look alone.
        first_px, first_also_px: with a second look, long side of what the first one sees, and that of every second
            batch (0 stands for ``first_px``); the samples themselves are as large as the second look sees the whole.
    """

    name: str
    steps: int
    long_side_px: int
    batch: int
    lr: float
    mix: Mix
    more: tuple[tuple[Mix, float], ...] = ()
    loss: LocatorLoss | None = None
    replay_share: float = 0.0
    gates: tuple[Gate, ...] = ()
    min_share: float = 1.0
    also_px: int = 0
    window_px: int = 0
    first_px: int = FIRST_LOOK_PX
    first_also_px: int = 0

    @property
    def sides_px(self) -> tuple[int, ...]:
        """Long sides of the samples, which the batches take in turn."""
        return (self.long_side_px, self.also_px) if self.also_px else (self.long_side_px,)

    @property
    def first_sides_px(self) -> tuple[int, ...]:
        """Long sides of what the first look sees, which the batches take in turn; only with a second look."""
        return (self.first_px, self.first_also_px) if self.first_also_px else (self.first_px,)

    @property
    def seen_px(self) -> tuple[int, ...]:
        """Long sides of whole pictures as the first look sees them in this stage."""
        return self.first_sides_px if self.window_px else self.sides_px

    @property
    def second_look_px(self) -> int:
        """Long side of the subject's box as a second look is to see it after this stage; 0 without one."""
        return min(SECOND_LOOK_PX, self.long_side_px) if self.window_px else 0


@dataclass(frozen=True)
class GateResult:
    """What a gate asked for and what was reached."""

    gate: Gate
    value: float
    passed: bool

    def __str__(self) -> str:
        sign = ">=" if HIGHER_IS_BETTER[self.gate.metric] else "<="
        verdict = "passed" if self.passed else "MISSED"
        wanted = f"wanted {sign} {self.gate.threshold:g}"
        return f"{self.gate.metric} on {self.gate.subset} {self.value:.4f}, {wanted}: {verdict}"


class GateMissedError(TressError):
    """A stage used up its budget and did not reach its gates; the run stops here until someone decides."""


def judge(gates: Sequence[Gate], scores: Mapping[str, Mapping[str, float]]) -> list[GateResult]:
    """Compares ``scores[subset][metric]`` with every gate; a score that is missing counts as missed."""
    results = []
    for gate in gates:
        value = float(scores.get(gate.subset, {}).get(gate.metric, math.nan))
        results.append(GateResult(gate, value, gate.passed_by(value)))
    return results


def shares(stages: Sequence[Stage], index: int) -> list[tuple[Mix, float]]:
    """The mixes stage ``index`` draws from, with their shares: its own, and those of earlier stages as replay."""
    stage = stages[index]
    replay = stage.replay_share if index else 0.0
    earlier = [(stages[i].mix, replay / index) for i in range(index)] if replay else []
    own = 1 - replay - sum(share for _, share in stage.more)
    return [(stage.mix, own), *stage.more, *earlier]


# From simple to complex; the rungs by which gate pictures are sorted (the first that admits a picture takes it).
LADDER: tuple[tuple[str, Limits], ...] = (
    (
        "plain",
        Limits(subjects_max=1, contrast_min=25, texture_max=1.2, soft_share_max=0.04, holes_max=2, size_min=0.03),
    ),
    ("natural", Limits(subjects_max=1, contrast_min=18, texture_max=4.0, soft_share_max=0.04, size_min=0.01)),
    ("low_contrast", Limits(subjects_max=1, texture_max=4.0, soft_share_max=0.04)),
    ("groups", Limits(texture_max=4.0, soft_share_max=0.04)),
    ("cluttered", Limits(soft_share_max=0.04)),
    ("fine", Limits()),
)
