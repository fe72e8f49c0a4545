"""The fifth locator: the one released before it, with labels looked through by eye, at two sizes in turn.

    torchrun --nproc-per-node 2 -m tress_train run fifth_locator --data DATA --data MENDED --data CURATED \
        --data RENDERS --init weights/tress-locator-0.2.0.pt --out runs/fifth

A third of the photos of widest variety had been left out, because their teacher was unsure of them or blind.  Most of
them have a usable mask now (``tress-train curate``).  Photos in clutter were located better at 384 px than at 512,
although nothing was trained there any more; so every second batch is small.

Its ``--init`` were these weights as they stood then; since then it is a part of them.

Cost: an hour and a half on two cores.  Expected: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import _mixes as mixes
from tress_train.recipes.base import Recipe
from tress_train.recipes.second_locator import KEPT, PEOPLE, REACHED, SHARP
from tress_train.recipes.stages import Composites, Stage

PHOTOS = {**mixes.PHOTOS, **PEOPLE, "imagenet-sample-1000": 0.36, "figaro1k-hair": 0.12}
CUTOUTS = {"synth-hair": 0.35, "tuxpaint-stamps": 0.25, "*": 0.4}
EVERYTHING = replace(
    mixes.FINE,
    sets=PHOTOS,
    composite=0.3,
    empty=0.14,
    composites=Composites(CUTOUTS, studio=0.15, subjects_max=3, several=0.25, near_colour=0.2),
)
GROUPS = replace(mixes.GROUPS, sets={**PHOTOS, "feral-cats": 0.16}, composite=0.15, empty=0.1)

RECIPE = Recipe(
    name="fifth_locator",
    val_stride=0,
    seed=5,
    evaluate_every=1000,
    stages=(
        Stage(
            "all",
            steps=3000,
            long_side_px=512,
            also_px=384,
            batch=8,
            lr=5e-4,
            mix=EVERYTHING,
            more=((GROUPS, 0.2),),
            loss=SHARP,
            gates=(*KEPT, *REACHED),
        ),
    ),
)
