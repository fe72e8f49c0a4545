"""Both networks together a fourth time, with rendered products and as many animals as the seventh locator saw.

    blender -b -P tools/products/render.py -- --out products --seeds 25 143 --photos DATA/train/backgrounds
    blender -b -P tools/products/render.py -- --out products --seeds 160 293 --photos DATA/train/backgrounds
    tress-train prepare products --edge exact
    torchrun --nproc-per-node 2 -m tress_train run fourth_joint --data DATA --data MENDED --data CURATED --data DRAWN \
        --data RENDERS --data CUTOUTS --data products --out runs/fourth-joint \
        --set locator_weights=weights/tress-locator-0.2.0.pt --set refiner_weights=weights/tress-refiner-0.2.0.pt

Few photos show things, and none of them has an exact alpha; composites have neither the shadow a thing casts on its
table nor the table's light on the thing.  Renders of products have both.  `third_joint` drew edges better and lost
photos of animals, because half of what it saw were scenes: here nearly all other pictures are photos, a third of them
of animals.

Cost: 2.4 s a step on two cores with AVX2, an hour.  Expected: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import seventh_locator, third_joint

PHOTOS = {**seventh_locator.PHOTOS, "products": 0.2}
EVERYTHING = replace(seventh_locator.EVERYTHING, sets=PHOTOS, composite=0.12)
GROUPS = replace(seventh_locator.GROUPS, sets={**seventh_locator.GROUPS.sets, "products": 0.2}, composite=0.15)

RECIPE = replace(
    third_joint.RECIPE,
    name="fourth_joint",
    seed=9,
    stages=(replace(third_joint.RECIPE.stages[0], steps=1400, mix=EVERYTHING, more=((GROUPS, 0.25),)),),
)
