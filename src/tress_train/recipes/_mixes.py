"""Mixes that several recipes share: the rungs of the curriculum on the project's data."""

from __future__ import annotations

from tress_train.recipes.stages import LADDER, Composites, Mix

LIMITS = dict(LADDER)

# Photos of every stage; a stage's limits decide which of them it may draw.
PHOTOS = {
    "imagenet-sample-1000": 0.24,
    "ccp1004": 0.13,
    "figaro1k-hair": 0.08,
    "oxford-pets-128": 0.05,
    "feral-cats": 0.08,
    "pixellib-butterfly": 0.05,
    "caltech101-animals": 0.05,
    "dreambooth-photos": 0.06,
    "ardamavi-cats": 0.02,
    "ccp-fashion-photos": 0.03,
}
MOSTLY_HARD_CUT = {"tuxpaint-stamps": 0.75, "*": 0.25}
MOSTLY_HAIR = {"synth-hair": 0.75, "*": 0.25}

PLAIN = Mix(
    PHOTOS,
    composite=0.4,
    empty=0.05,
    limits=LIMITS["plain"],
    composites=Composites(MOSTLY_HARD_CUT, studio=1.0, subjects_max=1, near_colour=0.0),
)
NATURAL = Mix(
    PHOTOS,
    composite=0.2,
    empty=0.06,
    limits=LIMITS["natural"],
    composites=Composites(studio=0.1, subjects_max=1, near_colour=0.0),
)
LOW_CONTRAST = Mix(
    PHOTOS,
    composite=0.2,
    empty=0.05,
    limits=LIMITS["low_contrast"],
    composites=Composites(studio=0.2, subjects_max=1, near_colour=0.5),
)
GROUPS = Mix(
    {**PHOTOS, "feral-cats": 0.16},
    composite=0.25,
    empty=0.05,
    limits=LIMITS["groups"],
    composites=Composites(studio=0.15, subjects_max=4, several=0.8, near_colour=0.2),
)
FINE = Mix(
    {**PHOTOS, "figaro1k-hair": 0.12},
    composite=0.3,
    empty=0.06,
    composites=Composites(MOSTLY_HAIR, studio=0.15, subjects_max=3, several=0.2, near_colour=0.2),
)
EVERYTHING = Mix(PHOTOS, composite=0.25, empty=0.06)
