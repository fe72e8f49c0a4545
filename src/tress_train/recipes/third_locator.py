"""The third locator: the second one at 512 px, with subjects that are far away and more pictures without one.

    torchrun --nproc-per-node 2 -m tress_train run third_locator --data DATA --data MENDED \
        --init runs/second/ema.pt --out runs/third

The second locator had forgotten small people: in its data a person fills the picture.  Since then a part of the photos
is seen from far away (``data.dataset.FAR``).  As there, the gates show what is forgotten, not what is new.

Cost: about twenty minutes on two cores with AVX2.  Expected: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import _mixes as mixes
from tress_train.recipes.base import Recipe
from tress_train.recipes.second_locator import KEPT, REACHED, SHARP
from tress_train.recipes.stages import Stage

FINE = replace(mixes.FINE, empty=0.12)

RECIPE = Recipe(
    name="third_locator",
    val_stride=4,
    stages=(
        Stage(
            "large",
            steps=480,
            long_side_px=512,
            batch=8,
            lr=4e-4,
            mix=FINE,
            more=((mixes.GROUPS, 0.25),),
            loss=SHARP,
            gates=(*KEPT, *REACHED),
        ),
    ),
)
