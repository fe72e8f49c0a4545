"""The first locator: everything at once, small pictures first.

    tress-train run first_locator --data DATA --out runs/first

Cost: about two hours on two cores with AVX-512 bfloat16.  Expected: a mean IoU of about .91
over the validation sets, which 3,000 of its 4,700 steps gave (docs/training-log.md).
"""

from __future__ import annotations

from tress_train.recipes.base import Recipe
from tress_train.recipes.stages import Mix, Stage

MIX = Mix(
    sets={
        "imagenet-sample-1000": 0.24,
        "ccp1004": 0.13,
        "figaro1k-hair": 0.09,
        "oxford-pets-128": 0.06,
        "feral-cats": 0.07,
        "pixellib-butterfly": 0.05,
        "caltech101-animals": 0.05,
        "dreambooth-photos": 0.06,
        "ardamavi-cats": 0.02,
        "ccp-fashion-photos": 0.03,
    },
    composite=0.16,
    empty=0.05,
)

RECIPE = Recipe(
    name="first_locator",
    # It was run before any picture was set aside for gates.
    keep_gate_pictures_out=False,
    stages=(
        Stage("small", steps=2200, long_side_px=256, batch=16, lr=1e-3, mix=MIX),
        Stage("medium", steps=2000, long_side_px=384, batch=12, lr=6e-4, mix=MIX),
        Stage("large", steps=500, long_side_px=512, batch=8, lr=2e-4, mix=MIX),
    ),
)
