"""The refiner behind the eleventh locator: as released before, with that locator's answers and more renders of hair.

    tress-train run second_refiner --data DATA --data RENDERS --data CUTOUTS --init weights/tress-refiner-0.2.0.pt \
        --out runs/second-refiner --set locator_weights=HALF.pt

``HALF`` is the mean of the locators before and after ``eleventh_locator``.  The refiner before had learned from answers
that were further from the truth.

Cost: half an hour on two cores.  Expected: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import refiner
from tress_train.recipes.base import Optim
from tress_train.recipes.stages import Gate

GATES = (Gate("band_gain", "hair", 0.1), Gate("band_gain", "own", 0.1))

RECIPE = replace(
    refiner.RECIPE,
    name="second_refiner",
    seed=15,
    optim=Optim(weight_decay=1e-3, warmup_steps=100),
    stages=(replace(refiner.RECIPE.stages[1], steps=2600, lr=1e-3, scenes=1000, locator_share=1.0, gates=GATES),),
)
