"""The fourteenth locator: the thirteenth's parts without a subject, and more of what those had cost.

    torchrun --nproc-per-node 2 -m tress_train run fourteenth_locator --data DATA --data RENDERS --data CUTOUTS \
        --data products --data exact-cutouts --data PARTS --init HALF.pt --out runs/fourteenth

With streets and meadows that hold nothing, insects and people had been lost.  ``HALF`` is the mean of the
locators before and after that run.

Cost: seventeen minutes on two cores.  Not released: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import thirteenth_locator

MORE = {
    "pixellib-butterfly": 0.45,
    "oxford-pets-128": 0.2,
    "ccp1004": 0.35,
    "figaro1k-hair": 0.25,
    "imagenet-sample-1000": 0.6,
}
EVERYTHING = replace(thirteenth_locator.EVERYTHING, sets={**thirteenth_locator.EVERYTHING.sets, **MORE}, empty=0.3)
GROUPS = replace(thirteenth_locator.GROUPS, sets={**thirteenth_locator.GROUPS.sets, **MORE}, empty=0.2)
STAGE = thirteenth_locator.RECIPE.stages[0]

RECIPE = replace(
    thirteenth_locator.RECIPE,
    name="fourteenth_locator",
    seed=19,
    stages=(replace(STAGE, steps=560, lr=1.2e-4, mix=EVERYTHING, more=((GROUPS, 0.25),)),),
)
