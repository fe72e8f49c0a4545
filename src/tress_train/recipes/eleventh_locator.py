"""The eleventh locator: everything there is, for as long as all runs before it together, on a GPU.

    tress-train run eleventh_locator --data DATA --data RENDERS --data CUTOUTS --data products --data exact-cutouts \
        --init weights/tress-locator-0.2.0.pt --out runs/eleventh --set stages.all.steps=STEPS

On two cores a run saw about ten thousand samples; here they are two hundred thousand, in batches four times as large.
One in four is a composite, one in four a photo of animals, one in sixteen a rendered product; no models of others,
which had cost flowers and screens: the exact cut-outs are those of the products alone.

``DATA`` has the labels of all steps before: mended, curated, drawn.  A twentieth of its photos and backgrounds, by a
hash of their names, was left out, and so were the cut-outs made of them: see the training log.

Cost: eight minutes on one H200 with 16 cores.  Expected: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import eighth_locator
from tress_train.recipes.base import Optim
from tress_train.recipes.stages import Composites

PHOTOS = {
    **eighth_locator.PHOTOS,
    "imagenet-sample-1000": 0.5,
    "oxford-pets-128": 0.14,
    "dreambooth-photos": 0.08,
    "products": 0.2,
    "ardamavi-cats": 0.03,
}
CUTOUTS = {"synth-hair": 0.12, "tuxpaint-stamps": 0.13, "renders": 0.3, "ccp1004-cutouts": 0.15, "*": 0.3}
EVERYTHING = replace(
    eighth_locator.EVERYTHING,
    sets=PHOTOS,
    composite=0.8,
    empty=0.24,
    composites=Composites(CUTOUTS, studio=0.15, subjects_max=3, several=0.25, near_colour=0.25),
)
GROUPS = replace(
    eighth_locator.GROUPS,
    sets={**PHOTOS, "feral-cats": 0.3, "products": 0.15},
    composite=0.6,
    empty=0.14,
    composites=Composites(CUTOUTS, studio=0.1, subjects_max=4, several=0.8, near_colour=0.2),
)

RECIPE = replace(
    eighth_locator.RECIPE,
    name="eleventh_locator",
    seed=14,
    log_every=100,
    checkpoint_every=1000,
    evaluate_every=100_000,
    loader_processes=15,
    optim=Optim(encoder_lr_share=0.3, weight_decay=0.02, ema_decay=0.999, warmup_steps=200),
    stages=(
        replace(
            eighth_locator.RECIPE.stages[0],
            steps=6000,
            batch=32,
            lr=8e-4,
            mix=EVERYTHING,
            more=((GROUPS, 0.25),),
        ),
    ),
)
