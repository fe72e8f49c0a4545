"""Both networks together once more: longer, from the mean of before and after, with more empty pictures.

    torchrun --nproc-per-node 2 -m tress_train run second_joint --data DATA --data RENDERS --out runs/second-joint \
        --set locator_weights=weights/tress-locator-0.2.0.pt --set refiner_weights=weights/tress-refiner-0.2.0.pt

After `joint` more was found in empty pictures than before it, and of the photos tails and edges of objects were lost.
Scenes are composites already, so that nearly all other pictures can be photos or empty.

Cost: 2.6 s a step on two cores with AVX2, 75 minutes.  Expected: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import _mixes as mixes
from tress_train.recipes import joint

PHOTOS = replace(joint.PHOTOS, composite=0.08, empty=0.22)
GROUPS = replace(mixes.GROUPS, composite=0.15, empty=0.1)

RECIPE = replace(
    joint.RECIPE,
    name="second_joint",
    seed=2,
    stages=(replace(joint.RECIPE.stages[0], steps=1700, mix=PHOTOS, more=((GROUPS, 0.25),)),),
)
