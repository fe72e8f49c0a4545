"""The locator by the full curriculum: from one subject on a plain ground to hair and clutter, with a gate each.

    tress-train run curriculum --data DATA --out runs/curriculum

Cost: about 12 hours on two cores with AVX-512 bfloat16 if every stage uses up its budget; a stage whose gate is passed
early ends early.  The thresholds were set a little below what a network reached that was trained for an hour on
everything at once; they are meant to stop a run that goes wrong, not to be an aim.  Expected: not run to its end yet.
"""

from __future__ import annotations

from tress_train.recipes import _mixes as mixes
from tress_train.recipes.base import Recipe
from tress_train.recipes.stages import Gate, LocatorLoss, Stage

RECIPE = Recipe(
    name="curriculum",
    stages=(
        Stage(
            "plain",
            steps=3000,
            long_side_px=256,
            batch=16,
            lr=1e-3,
            mix=mixes.PLAIN,
            gates=(Gate("iou", "plain", 0.94), Gate("mae", "plain", 0.02)),
            min_share=0.4,
        ),
        Stage(
            "natural",
            steps=7000,
            long_side_px=320,
            batch=16,
            lr=8e-4,
            mix=mixes.NATURAL,
            replay_share=0.2,
            gates=(Gate("iou", "natural", 0.92), Gate("iou", "plain", 0.93)),
            min_share=0.5,
        ),
        Stage(
            "low_contrast",
            steps=7000,
            long_side_px=384,
            batch=12,
            lr=6e-4,
            mix=mixes.LOW_CONTRAST,
            replay_share=0.2,
            gates=(Gate("iou", "low_contrast", 0.9),),
            min_share=0.6,
        ),
        Stage(
            "groups",
            steps=5000,
            long_side_px=384,
            batch=12,
            lr=5e-4,
            mix=mixes.GROUPS,
            replay_share=0.2,
            gates=(Gate("iou", "groups", 0.84),),
            min_share=0.6,
        ),
        Stage(
            "fine",
            steps=8000,
            long_side_px=512,
            batch=12,
            lr=5e-4,
            mix=mixes.FINE,
            loss=LocatorLoss(laplacian=1.0, gradient=1.0, composition=0.5, ssim=0.2),
            replay_share=0.2,
            gates=(Gate("iou", "cluttered", 0.88), Gate("iou", "fine", 0.88), Gate("band_mad", "fine", 0.16)),
        ),
    ),
)
