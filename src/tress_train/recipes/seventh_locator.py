"""The seventh locator: what the third joint run had too little of, photos of animals, for a short while.

    torchrun --nproc-per-node 2 -m tress_train run seventh_locator --data DATA --data MENDED --data CURATED \
        --data DRAWN --data RENDERS --data CUTOUTS --init HALF.pt --out runs/seventh

Half of what `third_joint` saw were scenes, so cats and butterflies outdoors lost what edges won: here every third
sample is a photo of animals.  ``HALF`` is the mean of the weights before and after that run.

Cost: a quarter of an hour on two cores.  Expected: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import sixth_locator, third_joint
from tress_train.recipes.base import Optim

PHOTOS = {
    **sixth_locator.PHOTOS,
    "feral-cats": 0.2,
    "oxford-pets-128": 0.1,
    "pixellib-butterfly": 0.14,
    "caltech101-animals": 0.14,
    "ardamavi-cats": 0.05,
}
EVERYTHING = replace(third_joint.PHOTOS, sets=PHOTOS, composite=0.3, empty=0.16)
GROUPS = replace(third_joint.GROUPS, sets={**PHOTOS, "feral-cats": 0.3}, composite=0.25)

RECIPE = replace(
    sixth_locator.RECIPE,
    name="seventh_locator",
    seed=8,
    optim=Optim(warmup_steps=40, ema_decay=0.99),
    stages=(replace(sixth_locator.RECIPE.stages[0], steps=440, lr=3e-4, mix=EVERYTHING, more=((GROUPS, 0.25),)),),
)
