"""Fine-tuning on a folder of your own.

    tress-train prepare PHOTOS
    tress-train run finetune --data PHOTOS --out runs/mine --init weights.pt

Both looks are trained at every step, as in ``two_looks``, and from weights that have learned both.

Give the project's data as a second ``--data`` to keep what the network knows about other subjects: it makes up 30 %
of the photos.  15 % of the pictures of the first ``--data`` are held back; the run ends with their scores, and stops
with a list of them if the mean IoU is below .9.
Cost: about half an hour on two cores.  Expected: depends on your pictures.
"""

from __future__ import annotations

from tress_train.recipes.base import Optim, Recipe
from tress_train.recipes.stages import LATER, OTHERS, Composites, Gate, Mix, Stage

RECIPE = Recipe(
    name="finetune",
    stages=(
        Stage(
            "own",
            steps=1000,
            long_side_px=768,
            window_px=416,
            first_px=512,
            first_also_px=384,
            # A pair of looks costs as much as two samples of one.
            batch=4,
            lr=2e-4,
            mix=Mix(
                {OTHERS: 0.49, LATER: 0.21},
                composite=0.25,
                empty=0.05,
                composites=Composites({OTHERS: 0.7, LATER: 0.3}, near_colour=0.2),
            ),
            gates=(Gate("iou", "own", 0.9),),
        ),
    ),
    frozen_stages=5,
    # A few pictures say too little about what activations look like in general.
    norms="frozen",
    optim=Optim(encoder_lr_share=0.1),
    own_held_back=0.15,
    evaluate_every=250,
    checkpoint_every=50,
)
