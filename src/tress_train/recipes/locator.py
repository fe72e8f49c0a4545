"""The locator from ImageNet to the release: from one person on a plain ground to two looks at everything.

    tress-train run locator --data DATA --out runs/locator

``DATA`` is what ``tress-train gather`` makes, with cut-outs of its labelled photos beside it (docs/datasets.md).

It begins with one person of light skin and dark hair on a plain ground.  Then come other skins and hairs, other
grounds, low contrast, groups, clutter, hair and other details before rocks, trees and houses; a stage starts when the
gate of the one before it is passed.  The last stage teaches the second look.  What every stage but the first draws
has a fifth of what the stages before it drew.

Cost: 350,000 samples: 100,000 each at 256, 384 and 512 px, 50,000 pairs of looks; fifteen hours on two cores, half an
hour on an H200.  Expected: not run to its end yet; the thresholds stop a run that goes wrong, they are no aim.
"""

from __future__ import annotations

from dataclasses import replace

from tress_train.recipes import two_looks
from tress_train.recipes.base import Optim, Recipe
from tress_train.recipes.stages import LADDER, Composites, Gate, Mix, Stage

LIMITS = dict(LADDER)
PHOTOS = two_looks.PHOTOS
PORTRAITS = {"interfaces": 0.4, "london-faces": 0.3, "ccp-photos-hd": 0.3}
PEOPLE = {"luma-people": 0.6, "ccp-photos-hd-cutouts": 0.4}
CUTOUTS = two_looks.CUTOUTS

FIRST_CASE = Mix(
    composite=0.95, empty=0.05, composites=Composites({"@first_case": 1.0}, studio=1.0, subjects_max=1, near_colour=0.0)
)
ONE_PERSON = Mix(
    PORTRAITS,
    composite=0.6,
    empty=0.05,
    limits=LIMITS["plain"],
    composites=Composites(PEOPLE, studio=1.0, subjects_max=1, near_colour=0.0),
)
PLAIN = Mix(
    PHOTOS,
    composite=0.6,
    empty=0.05,
    limits=LIMITS["plain"],
    composites=Composites(CUTOUTS, studio=1.0, subjects_max=1, near_colour=0.0),
)
NATURAL = Mix(
    PHOTOS,
    composite=0.4,
    empty=0.06,
    limits=LIMITS["natural"],
    composites=Composites(CUTOUTS, studio=0.1, subjects_max=1, near_colour=0.0, cast_shadows=0.1),
)
LOW_CONTRAST = Mix(
    PHOTOS,
    composite=0.4,
    empty=0.06,
    limits=LIMITS["low_contrast"],
    composites=Composites(CUTOUTS, studio=0.2, subjects_max=1, near_colour=0.5, cast_shadows=0.1),
)
GROUPS = Mix(
    {**PHOTOS, "feral-cats": 0.2, "davis2016": 0.12},
    composite=0.5,
    empty=0.06,
    limits=LIMITS["groups"],
    composites=Composites(
        CUTOUTS, studio=0.15, subjects_max=4, several=0.8, near_colour=0.2, bystanders=0.1, cast_shadows=0.1
    ),
)
CLUTTERED = Mix(
    PHOTOS,
    composite=0.5,
    empty=0.1,
    limits=LIMITS["cluttered"],
    composites=Composites(
        CUTOUTS, studio=0.1, subjects_max=3, several=0.25, near_colour=0.25, bystanders=0.1, cast_shadows=0.1
    ),
)
SHARP = two_looks.RECIPE.loss

RECIPE = Recipe(
    name="locator",
    seed=31,
    in_memory=False,
    keep_px=1024,
    val_stride=0,
    optim=Optim(encoder_lr_share=0.3, weight_decay=0.02, ema_decay=0.998, warmup_steps=150),
    checkpoint_every=100,
    evaluate_every=500,
    stages=(
        Stage(
            "first_case",
            steps=1000,
            long_side_px=256,
            batch=16,
            lr=1e-3,
            mix=FIRST_CASE,
            gates=(Gate("iou", "first_case", 0.97), Gate("mae", "first_case", 0.02)),
            min_share=0.25,
        ),
        Stage(
            "one_person",
            steps=1750,
            long_side_px=256,
            batch=16,
            lr=1e-3,
            mix=ONE_PERSON,
            replay_share=0.2,
            gates=(Gate("iou", "first_case", 0.97),),
            min_share=0.25,
        ),
        Stage(
            "plain",
            steps=2000,
            long_side_px=256,
            batch=16,
            lr=1e-3,
            mix=PLAIN,
            replay_share=0.2,
            gates=(Gate("iou", "plain", 0.95), Gate("iou", "first_case", 0.97)),
            min_share=0.4,
        ),
        Stage(
            "natural",
            steps=3000,
            long_side_px=384,
            also_px=256,
            batch=16,
            lr=8e-4,
            mix=NATURAL,
            replay_share=0.2,
            gates=(Gate("iou", "natural", 0.92), Gate("iou", "plain", 0.94)),
            min_share=0.5,
        ),
        Stage(
            "low_contrast",
            steps=3600,
            long_side_px=384,
            batch=16,
            lr=7e-4,
            mix=LOW_CONTRAST,
            replay_share=0.2,
            gates=(Gate("iou", "low_contrast", 0.92),),
            min_share=0.6,
        ),
        Stage(
            "groups",
            steps=3000,
            long_side_px=512,
            also_px=384,
            batch=12,
            lr=6e-4,
            mix=GROUPS,
            replay_share=0.2,
            gates=(Gate("iou", "groups", 0.86),),
            min_share=0.6,
        ),
        Stage(
            "cluttered",
            steps=3400,
            long_side_px=512,
            batch=12,
            lr=5e-4,
            mix=CLUTTERED,
            replay_share=0.2,
            gates=(Gate("iou", "cluttered", 0.89),),
            min_share=0.6,
        ),
        Stage(
            "fine",
            steps=3400,
            long_side_px=512,
            batch=12,
            lr=5e-4,
            mix=two_looks.EVERYTHING,
            loss=SHARP,
            replay_share=0.2,
            gates=(Gate("iou", "fine", 0.9), Gate("band_mad", "fine", 0.16), Gate("iou", "cluttered", 0.89)),
        ),
        replace(
            two_looks.RECIPE.stages[0],
            steps=6250,
            loss=SHARP,
            gates=(
                Gate("iou", "first_case", 0.97),
                Gate("iou", "groups", 0.87),
                Gate("iou", "cluttered", 0.9),
                Gate("iou", "fine", 0.91),
                Gate("band_mad", "fine", 0.13),
            ),
        ),
    ),
)
