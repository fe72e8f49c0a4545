"""The fourth locator: the third one, with half of its samples composites of renders: lace, plants, wire and hair.

    torchrun --nproc-per-node 2 -m tress_train run fourth_locator --data DATA --data MENDED \
        --init runs/third/ema.pt --out runs/fourth
    tress-train average runs/third/ema.pt runs/fourth/ema.pt --out locator.pt

The refiner can mend an edge, but not a subject that the locator has not seen: thin and half-transparent things before
a busy background.  As before, the gates show what is forgotten, not what is new.

Cost: half an hour on two cores with AVX2.  Expected: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import _mixes as mixes
from tress_train.recipes.base import Recipe
from tress_train.recipes.second_locator import KEPT, REACHED, SHARP
from tress_train.recipes.stages import Composites, Stage

RENDERS = replace(
    mixes.FINE,
    composite=0.55,
    empty=0.1,
    composites=Composites(mixes.MOSTLY_HAIR, studio=0.1, subjects_max=2, several=0.15, near_colour=0.25),
)

RECIPE = Recipe(
    name="fourth_locator",
    val_stride=0,
    stages=(
        Stage(
            "renders",
            steps=480,
            long_side_px=512,
            batch=8,
            lr=4e-4,
            mix=RENDERS,
            more=((mixes.GROUPS, 0.2),),
            loss=SHARP,
            gates=(*KEPT, *REACHED),
        ),
    ),
)
