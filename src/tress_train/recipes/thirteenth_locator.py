"""The thirteenth locator: parts of photos without their subject, as pictures without one and as backgrounds.

    tress-train empties --data DATA --data MENDED --data CURATED --data DRAWN --out PARTS
    torchrun --nproc-per-node 2 -m tress_train run thirteenth_locator --data DATA --data RENDERS --data CUTOUTS \
        --data products --data exact-cutouts --data PARTS --init weights/tress-locator-0.2.0.pt --out runs/thirteenth

In a quarter of the streets, trees and walls beside the subjects of photos that the eleventh run had not seen, it found
a subject.  ``PARTS`` are of eight sets, with the choices in ``weights/runs/thirteenth_locator``: see the training log.

Cost: twenty-two minutes on two cores.  Not released: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import eighth_locator, eleventh_locator

KINDS = ("plain", "room", "empty")
EVERYTHING = replace(
    eleventh_locator.EVERYTHING, empty=0.4, composites=replace(eleventh_locator.EVERYTHING.composites, kinds=KINDS)
)
GROUPS = replace(
    eleventh_locator.GROUPS, empty=0.25, composites=replace(eleventh_locator.GROUPS.composites, kinds=KINDS)
)

RECIPE = replace(
    eighth_locator.RECIPE,
    name="thirteenth_locator",
    seed=18,
    stages=(replace(eighth_locator.RECIPE.stages[0], steps=700, lr=1.5e-4, mix=EVERYTHING, more=((GROUPS, 0.25),)),),
)
