"""Both networks together a third time, with the subjects of photos among the cut-outs.

    tress-train cutouts --data DATA --data MENDED --data CURATED --data DRAWN --out CUTOUTS
    torchrun --nproc-per-node 2 -m tress_train run third_joint --data DATA --data MENDED --data CURATED --data DRAWN \
        --data RENDERS --data CUTOUTS --out runs/third-joint \
        --set locator_weights=weights/tress-locator-0.2.0.pt --set refiner_weights=weights/tress-refiner-0.2.0.pt

A few hundred renders and stamps are too few kinds of edges: a larger refiner learned them by heart.  About a thousand
people, animals and things that tress finds in photos as their labels say come before other backgrounds.  Every second
batch is small, as for the fifth and sixth locator, whose answers the refiner meets here for the first time.

Cost: 2.4 s a step on two cores with AVX2, 80 minutes.  Expected: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import second_joint, sixth_locator
from tress_train.recipes.stages import Composites

CUTOUTS = {"synth-hair": 0.15, "tuxpaint-stamps": 0.15, "renders": 0.2, "*": 0.5}
PHOTOS = replace(
    sixth_locator.EVERYTHING,
    composite=0.25,
    empty=0.2,
    composites=Composites(CUTOUTS, studio=0.15, subjects_max=2, several=0.25, near_colour=0.25),
)
GROUPS = replace(
    sixth_locator.GROUPS,
    composite=0.35,
    composites=Composites(CUTOUTS, studio=0.1, subjects_max=4, several=0.8, near_colour=0.2),
)

RECIPE = replace(
    second_joint.RECIPE,
    name="third_joint",
    seed=7,
    stages=(replace(second_joint.RECIPE.stages[0], steps=1900, also_px=384, mix=PHOTOS, more=((GROUPS, 0.25),)),),
)
