"""The second locator: the first one, taken up the last rungs of the curriculum at 448 px, with mended edges.

    tress-train distil --data DATA --teacher TEACHER --sets ccp1004 --mend ... --out MENDED
    torchrun --nproc-per-node 2 -m tress_train run second_locator --data DATA --data MENDED \
        --init weights/tress-locator-0.1.0.pt --out runs/second

It starts where the first locator stood, so the rungs up to `low_contrast` are not trained but only asked for: the first
stage ends at a gate on each of them.  The weights it starts from have seen the gate pictures, so here the gates show
what is forgotten, not what is new.

Cost: about an hour on two cores with AVX2.  Expected: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import _mixes as mixes
from tress_train.recipes.base import Recipe
from tress_train.recipes.stages import Gate, LocatorLoss, Stage

LONG_SIDE_PX = 448
SHARP = LocatorLoss(laplacian=1.0, gradient=1.0)
# Mended masks are the only ones with an edge to learn from for people in the street.
PEOPLE = {"ccp1004": 0.2}
GROUPS = replace(mixes.GROUPS, sets={**mixes.GROUPS.sets, **PEOPLE})
FINE = replace(mixes.FINE, sets={**mixes.FINE.sets, **PEOPLE})

# Rungs that are not trained any more must not be forgotten.
KEPT = (
    Gate("iou", "plain", 0.94),
    Gate("mae", "plain", 0.02),
    Gate("iou", "natural", 0.92),
    Gate("iou", "low_contrast", 0.9),
    Gate("iou", "groups", 0.84),
)
REACHED = (Gate("iou", "cluttered", 0.88), Gate("iou", "fine", 0.88), Gate("band_mad", "fine", 0.16))

RECIPE = Recipe(
    name="second_locator",
    evaluate_every=500,
    val_stride=4,
    stages=(
        Stage(
            "groups",
            steps=400,
            long_side_px=LONG_SIDE_PX,
            batch=8,
            lr=5e-4,
            mix=GROUPS,
            more=((mixes.NATURAL, 0.2), (mixes.LOW_CONTRAST, 0.2)),
            loss=SHARP,
            gates=KEPT,
        ),
        Stage(
            "fine",
            steps=1000,
            long_side_px=LONG_SIDE_PX,
            batch=8,
            lr=5e-4,
            mix=FINE,
            loss=SHARP,
            replay_share=0.2,
            gates=REACHED,
        ),
    ),
)
