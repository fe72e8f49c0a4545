"""The refiner: hair and other soft edges at full resolution.

    tress-train run refiner --data DATA --out runs/refiner
    tress-train run refiner ... --set locator_weights=runs/curriculum/ema.pt

With a locator's weights half of the samples have that locator's answer as their coarse alpha, so that the refiner
meets its true mistakes; the others, and without a locator all of them, have a damaged true alpha.

Cost: about 0.6 s a step of 16 crops on two cores, so an hour and a half; more with a locator, which runs in the
loader.  The thresholds only stop a run that goes wrong.  Expected: not run to its end yet.
"""

from __future__ import annotations

from tress_train.curriculum import Gate
from tress_train.recipes.base import Optim, RefinerRecipe
from tress_train.refining import RefinerStage

RECIPE = RefinerRecipe(
    name="refiner",
    stages=(
        RefinerStage(
            "crops",
            steps=8000,
            batch=16,
            lr=2e-3,
            crop_px=160,
            hair_share=0.65,
            gates=(Gate("band_gain", "hair", 0.15), Gate("band_gain", "own", 0.15)),
        ),
    ),
    optim=Optim(weight_decay=1e-3, warmup_steps=100),
    own_held_back=0.15,
)
