"""The twelfth locator: what the eleventh had lost, pictures without a subject, under light that falls unevenly.

    torchrun --nproc-per-node 2 -m tress_train run twelfth_locator --data DATA --data RENDERS --data CUTOUTS \
        --data products --data exact-cutouts --init HALF.pt --out runs/twelfth

After two hundred thousand samples with four hundred backgrounds, a blotchy texture was taken for a subject.  Here light
and shade fall on half of them, which no two samples share.  ``HALF`` is the mean of the locators before and after that
run.

Cost: twenty minutes on two cores.  Not released: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import eighth_locator, eleventh_locator

EVERYTHING = replace(eleventh_locator.EVERYTHING, composite=0.6, empty=0.45, uneven_light=0.5)
GROUPS = replace(eleventh_locator.GROUPS, empty=0.3, uneven_light=0.5)

RECIPE = replace(
    eighth_locator.RECIPE,
    name="twelfth_locator",
    seed=16,
    stages=(replace(eighth_locator.RECIPE.stages[0], steps=640, lr=2e-4, mix=EVERYTHING, more=((GROUPS, 0.25),)),),
)
