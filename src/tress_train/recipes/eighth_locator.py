"""The eighth locator: what the fourth joint run had too little of, rendered products and photos of animals.

    torchrun --nproc-per-node 2 -m tress_train run eighth_locator --data DATA --data MENDED --data CURATED \
        --data DRAWN --data RENDERS --data CUTOUTS --data products --init HALF.pt --out runs/eighth

One sample in twenty-three of that run was a product, and their shadows still came along; butterflies and pictures of
low contrast had lost what edges won.  Here one in seven is a product.  ``HALF`` is the mean of the locators before and
after that run.

Cost: a quarter of an hour on two cores.  Expected: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import seventh_locator

PHOTOS = {**seventh_locator.PHOTOS, "pixellib-butterfly": 0.2, "products": 0.5}
EVERYTHING = replace(seventh_locator.EVERYTHING, sets=PHOTOS, composite=0.24, empty=0.12)
GROUPS = replace(seventh_locator.GROUPS, sets={**PHOTOS, "feral-cats": 0.3, "products": 0.25})

RECIPE = replace(
    seventh_locator.RECIPE,
    name="eighth_locator",
    seed=10,
    stages=(replace(seventh_locator.RECIPE.stages[0], steps=520, mix=EVERYTHING, more=((GROUPS, 0.25),)),),
)
