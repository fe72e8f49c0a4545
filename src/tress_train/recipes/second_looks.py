"""Both networks together, and the locator learns to look again at what it found, told what it said.

    torchrun --nproc-per-node 2 -m tress_train run second_looks --data DATA --data RENDERS --out runs/second-looks \
        --set locator_weights=weights/tress-locator-0.2.0.pt --set refiner_weights=weights/tress-refiner-0.2.0.pt

Every second photo and scene is the subject's box, cut from the picture at its own resolution and at times mirrored,
with what the locator says about the whole picture.  The mix is that of `second_joint`.

Cost: 1.5 s a step on two cores with bfloat16, an hour and a quarter.  Expected: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import second_joint

RECIPE = replace(
    second_joint.RECIPE,
    name="second_looks",
    seed=4,
    second_looks=True,
    stages=(replace(second_joint.RECIPE.stages[0], steps=3000),),
)
