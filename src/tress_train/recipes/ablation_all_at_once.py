"""Ablation, small scale: everything at once, with the curriculum's schedule.

    tress-train run ablation_all_at_once --data DATA --out runs/ablation_all_at_once

At every step all mixes of ``ablation_curriculum`` are drawn from, each as often as it is there over the whole run with
its replay; the learning rate restarts five times as it does there.  Nothing but the order differs.
Cost: about 12 minutes on one core without bfloat16.  Found: see the training log; at this size, no clear difference.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes.ablation_curriculum import RECIPE as ORDERED
from tress_train.recipes.base import Recipe
from tress_train.recipes.stages import Mix, shares


def exposure(recipe: Recipe) -> list[tuple[Mix, float]]:
    """Share of all samples of a run that each stage's mix gives, for stages of equal length."""
    stages = recipe.stages
    drawn = [pair for index in range(len(stages)) for pair in shares(stages, index)]
    return [(stage.mix, sum(share for mix, share in drawn if mix == stage.mix) / len(stages)) for stage in stages]


FIRST, *OTHERS = exposure(ORDERED)
RECIPE = replace(
    ORDERED,
    name="ablation_all_at_once",
    stages=tuple(
        replace(stage, name=f"part{i}", mix=FIRST[0], more=tuple(OTHERS), replay_share=0.0)
        for i, stage in enumerate(ORDERED.stages, 1)
    ),
)
