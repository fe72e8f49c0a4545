"""The tenth locator: what the ninth had lost, flowers left beside insects, empty pictures, animals; fewer models.

    torchrun --nproc-per-node 2 -m tress_train run tenth_locator --data DATA --data MENDED --data CURATED \
        --data DRAWN --data RENDERS --data CUTOUTS --data products --data sweethome3d --data exact-cutouts \
        --init MIX.pt --out runs/tenth

Among the models plants are subjects and glass shines through: after that run flowers came along with insects, screens
lost their pictures, and more was found in empty pictures.  ``MIX`` is .4 of that run, .25 of `fifth_joint` and .35 of
where that started.

Cost: twelve minutes on two cores.  Not released: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import eighth_locator, ninth_locator

PHOTOS = {
    **eighth_locator.PHOTOS,
    "pixellib-butterfly": 0.3,
    "oxford-pets-128": 0.2,
    "products": 0.4,
    "sweethome3d": 0.2,
}
EVERYTHING = replace(ninth_locator.EVERYTHING, sets=PHOTOS, composite=0.18, empty=0.2)

RECIPE = replace(
    ninth_locator.RECIPE,
    name="tenth_locator",
    seed=13,
    stages=(
        replace(
            ninth_locator.RECIPE.stages[0],
            steps=400,
            lr=2e-4,
            mix=EVERYTHING,
            more=((replace(ninth_locator.GROUPS, empty=0.15), 0.25),),
        ),
    ),
)
