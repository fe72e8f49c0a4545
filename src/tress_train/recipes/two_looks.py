"""A second look that knows what the first one said, on three times the data and at twice the size.

    tress-train run two_looks --data DATA --data MORE --data CUTOUTS --init weights.pt --out runs/looks

A view of 768 or 960 px is seen twice: whole, at 384 or 512 px, and through a window on the subject's edge at its full
size, with the first look's answer as the prior.  Both looks are trained at every step.

``CUTOUTS`` is what ``tress-train cutouts --keep-edge`` makes of the labelled photos of ``MORE``.

``DATA`` may also have ``screens`` (``tools/screens.py``) and renders of things (``tools/products``).

Cost: about half a second a sample on two cores.  Expected: see the training log; the weights there come of several runs
of this recipe, each started from the one before.
"""

from __future__ import annotations

from tress_train.recipes.base import Optim, Recipe
from tress_train.recipes.stages import Composites, LocatorLoss, Mix, Stage

PHOTOS = {
    # Fine outlines, or fine labels where the teacher is sure.
    "ccp-photos-hd": 0.06,
    "@street_gaps": 0.12,
    "davis2016": 0.08,
    "sysu-shapes": 0.07,
    "caltech101-contours": 0.06,
    "oxford-pets-500": 0.08,
    "clothes": 0.07,
    "interfaces": 0.05,
    "london-faces": 0.03,
    "dreambooth-photos-hd": 0.06,
    "rabbits": 0.02,
    # Wide variety, at 300 to 500 px.
    "sysu-scene": 0.07,
    "caltech101-photos": 0.08,
    "osie-scenes": 0.04,
    "lsp-people": 0.04,
    "trash-objects": 0.03,
    "cats-dogs": 0.02,
    "bsds500": 0.01,
    # What the weights know already.
    "imagenet-sample-1000": 0.14,
    "feral-cats": 0.12,
    "pixellib-butterfly": 0.1,
    "caltech101-animals": 0.09,
    "ardamavi-cats": 0.07,
    "figaro1k-hair": 0.07,
    "dreambooth-photos": 0.05,
    "products": 0.03,
    "sweethome3d": 0.06,
    "ccp-fashion-photos": 0.02,
}
CUTOUTS = {
    "luma-people": 0.32,
    "synth-hair": 0.15,
    "ccp-photos-hd-cutouts": 0.15,
    "clothes-cutouts": 0.1,
    "tuxpaint-stamps": 0.1,
    "dreambooth-photos-hd-cutouts": 0.05,
    "trash-objects-cutouts": 0.03,
    "caltech101-photos-cutouts": 0.05,
    "thin-things": 0.12,
    "screens": 0.15,
    "*": 0.1,
}
EVERYTHING = Mix(
    PHOTOS,
    composite=0.65,
    empty=0.14,
    gaps=("composite", "@street_gaps", "davis2016"),
    composites=Composites(
        CUTOUTS,
        studio=0.1,
        kinds=("plain", "room", "room", "room"),
        subjects_max=3,
        several=0.25,
        near_colour=0.25,
        bystanders=0.1,
        cast_shadows=0.1,
    ),
)

RECIPE = Recipe(
    name="two_looks",
    seed=26,
    norms="frozen",
    optim=Optim(encoder_lr_share=0.3, weight_decay=0.02, ema_decay=0.997, warmup_steps=30),
    log_every=25,
    checkpoint_every=50,
    evaluate_every=100_000,
    keep_px=1024,
    in_memory=False,
    val_stride=0,
    loss=LocatorLoss(laplacian=1.0, gradient=1.0, gaps=4.0),
    stages=(
        Stage(
            "looks",
            steps=650,
            long_side_px=960,
            also_px=768,
            window_px=416,
            first_px=512,
            first_also_px=384,
            batch=8,
            lr=1.8e-4,
            mix=EVERYTHING,
        ),
    ),
)
"""Its gates are asked afterwards, as the weights that it starts from have seen the pictures of the gates."""
