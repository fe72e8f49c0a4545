"""Ablation, small scale: the curriculum's order.

    tress-train run ablation_curriculum --data DATA --out runs/ablation_curriculum

Same network, resolution, schedule, number of samples and seed as ``ablation_all_at_once``; only the order of the data
differs.  The gates never stop it: they are there so that every evaluation scores the frozen subsets.
Cost: about 12 minutes on one core without bfloat16.  Found: see the training log; at this size, no clear difference.
"""

from __future__ import annotations

from tress_train.recipes import _mixes as mixes
from tress_train.recipes.base import Recipe
from tress_train.recipes.stages import LADDER, Gate, Mix, Stage

SCORED = tuple(Gate("iou", name, 0.0) for name, _ in LADDER)
STEPS, LONG_SIDE_PX, BATCH, LR = 100, 192, 16, 8e-4


def stage(name: str, mix: Mix) -> Stage:
    """One of five stages that differ in nothing but their data."""
    replay = 0.0 if mix in (mixes.PLAIN, mixes.EVERYTHING) else 0.2
    return Stage(name, STEPS, LONG_SIDE_PX, BATCH, LR, mix, replay_share=replay, gates=SCORED)


RECIPE = Recipe(
    name="ablation_curriculum",
    variant="lite0",
    evaluate_every=500,
    val_stride=0,
    stages=(
        stage("plain", mixes.PLAIN),
        stage("natural", mixes.NATURAL),
        stage("low_contrast", mixes.LOW_CONTRAST),
        stage("groups", mixes.GROUPS),
        stage("fine", mixes.FINE),
    ),
)
