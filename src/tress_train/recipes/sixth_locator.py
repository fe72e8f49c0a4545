"""The sixth locator: the fifth's data, with whole people where the labels had held only their hair.

    torchrun --nproc-per-node 2 -m tress_train run sixth_locator --data DATA --data MENDED --data CURATED --data DRAWN \
        --data RENDERS --init weights/tress-locator-0.2.0.pt --out runs/sixth

Every answer to a person seen from behind had been the hair alone, so that no comparison of answers showed it; outlines
drawn by eye add the rest (``tress-train curate``).  Nearly all masks of people in the street are mended.  Groups and
soft edges had lost a little to `fifth_locator`, so there is more of both.

Its ``--init`` were these weights as they stood then; since then it is a part of them.

Cost: an hour and a half on two cores.  Expected: see the training log.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import fifth_locator

PHOTOS = {**fifth_locator.PHOTOS, "figaro1k-hair": 0.2}
EVERYTHING = replace(fifth_locator.EVERYTHING, sets=PHOTOS, composite=0.34)
GROUPS = replace(fifth_locator.GROUPS, sets={**PHOTOS, "feral-cats": 0.16})

RECIPE = replace(
    fifth_locator.RECIPE,
    name="sixth_locator",
    seed=6,
    stages=(replace(fifth_locator.RECIPE.stages[0], steps=2900, mix=EVERYTHING, more=((GROUPS, 0.25),)),),
)
