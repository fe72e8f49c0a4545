"""Both networks together: locator and refiner go on from their weights, on photos and on scenes at full resolution.

    torchrun --nproc-per-node 2 -m tress_train run joint --data DATA --data MENDED --data RENDERS --out runs/joint \
        --set locator_weights=LOCATOR.pt --set refiner_weights=REFINER.pt
    tress-train export runs/joint/ema.pt locator.onnx --long-side 512
    tress-train export runs/joint/ema.pt refiner.onnx --task refiner

Every second picture the locator sees is a composite made at up to 1024 px, of the kind hair six times of ten.  The
refiner gets crops of it with what the locator says about it now, and its losses reach the locator too.  As before, the
gates show what is forgotten, not what is new.

Cost: 2.6 s a step on two cores with AVX2, an hour.  Expected: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import _mixes as mixes
from tress_train.recipes.base import JointRecipe, Optim
from tress_train.recipes.second_locator import KEPT, REACHED, SHARP
from tress_train.recipes.stages import CUTOUTS, Composites, Gate, Stage

# Scenes come on top of this, one with every sample.
PHOTOS = replace(
    mixes.FINE,
    composite=0.15,
    empty=0.12,
    composites=Composites(studio=0.1, subjects_max=2, several=0.3, near_colour=0.2),
)

RECIPE = JointRecipe(
    name="joint",
    val_stride=0,
    optim=Optim(warmup_steps=100, ema_decay=0.995),
    evaluate_every=10_000,
    stages=(
        Stage(
            "together",
            steps=1350,
            long_side_px=512,
            batch=4,
            lr=4e-4,
            mix=PHOTOS,
            more=((mixes.GROUPS, 0.25),),
            loss=SHARP,
            gates=(*KEPT, *REACHED, Gate("band_gain", CUTOUTS, 0.15)),
        ),
    ),
)
