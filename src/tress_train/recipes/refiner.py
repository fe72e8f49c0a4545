"""The refiner: hair and other soft edges at full resolution.

    tress-train run refiner --data DATA --out runs/refiner
    tress-train run refiner ... --set locator_weights=runs/curriculum/ema.pt

First it learns from damaged true alphas alone.  With a locator's weights, three quarters of the crops of the second
stage are cut from whole scenes with that locator's own answers, so that the refiner meets its true mistakes.

Cost: 0.6 s a step of 16 crops on two cores, and 0.4 s a look at a scene where there is a locator, of which one that
has learned it takes two, the second twice as dear; two to three hours.
The thresholds only stop a run that goes wrong.
"""

from __future__ import annotations

from tress_train.recipes.base import Optim, RefinerRecipe
from tress_train.recipes.refiner_stages import RefinerStage
from tress_train.recipes.stages import Gate

GATES = (Gate("band_gain", "hair", 0.15), Gate("band_gain", "own", 0.15))

RECIPE = RefinerRecipe(
    name="refiner",
    stages=(
        RefinerStage("damaged", steps=2000, batch=16, lr=3e-3, locator_share=0.0, gates=GATES),
        RefinerStage("answers", steps=6000, batch=16, lr=2e-3, scenes=2400, locator_share=0.5, gates=GATES),
    ),
    optim=Optim(weight_decay=1e-3, warmup_steps=100),
    own_held_back=0.15,
)
