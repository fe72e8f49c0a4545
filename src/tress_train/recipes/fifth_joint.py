"""Both networks together a fifth time, with renders of models that others made, as photos and as cut-outs.

    blender -b -P tools/products/render.py -- --out sweethome3d --seeds 1000 1200 --photos DATA/train/backgrounds \
        --models /usr/share/sweethome3d/furniture
    tress-train prepare sweethome3d --edge exact
    tress-train cutouts --data sweethome3d --data products --out exact-cutouts
    torchrun --nproc-per-node 2 -m tress_train run fifth_joint --data DATA --data MENDED --data CURATED --data DRAWN \
        --data RENDERS --data CUTOUTS --data products --data sweethome3d --data exact-cutouts --out runs/fifth-joint \
        --set locator_weights=weights/tress-locator-0.2.0.pt --set refiner_weights=weights/tress-refiner-0.2.0.pt

Things made of simple solids taught what a shadow is, but helped on photos of things by nothing.  Here are seven hundred
pieces of furniture, tools, clothes, plants, vehicles, animals and people as artists modelled them.  Leaves, bicycles,
railings and baskets are thin things with an exact alpha, which the refiner has had too few kinds of.

Cost: 2.2 s a step on two cores with AVX2, half an hour.  Not released: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import eighth_locator, fourth_joint

PHOTOS = {**eighth_locator.PHOTOS, "products": 0.2, "sweethome3d": 0.55}
EVERYTHING = replace(fourth_joint.EVERYTHING, sets=PHOTOS)
GROUPS = replace(fourth_joint.GROUPS, sets={**eighth_locator.GROUPS.sets, "products": 0.1, "sweethome3d": 0.3})

RECIPE = replace(
    fourth_joint.RECIPE,
    name="fifth_joint",
    seed=11,
    hair_share=0.5,
    stages=(replace(fourth_joint.RECIPE.stages[0], steps=800, mix=EVERYTHING, more=((GROUPS, 0.25),)),),
)
