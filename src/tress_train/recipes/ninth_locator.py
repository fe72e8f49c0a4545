"""The ninth locator: what the fifth joint run had too little of, photos, and more of the models.

    torchrun --nproc-per-node 2 -m tress_train run ninth_locator --data DATA --data MENDED --data CURATED \
        --data DRAWN --data RENDERS --data CUTOUTS --data products --data sweethome3d --data exact-cutouts \
        --init HALF.pt --out runs/ninth

``HALF`` is the mean of the locators before and after that run.  A fifth of what it sees are renders of models and
products, the rest as in the eighth.

Cost: half an hour on two cores.  Not released: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import eighth_locator, fifth_joint

EVERYTHING = replace(eighth_locator.EVERYTHING, sets=fifth_joint.PHOTOS)
GROUPS = replace(eighth_locator.GROUPS, sets=fifth_joint.GROUPS.sets)

RECIPE = replace(
    eighth_locator.RECIPE,
    name="ninth_locator",
    seed=12,
    stages=(replace(eighth_locator.RECIPE.stages[0], steps=900, mix=EVERYTHING, more=((GROUPS, 0.25),)),),
)
