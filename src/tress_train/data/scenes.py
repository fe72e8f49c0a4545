"""Scenes: whole composites with a locator's answer to each, as the runtime would have it.

A locator answers otherwise to a whole picture than to a part of it: hair that it would find close up is a haze from
afar, and things of the background are half believed.  A scene costs a fraction of a second, mostly the locator's, so it
is kept in a file, and many crops are cut from it.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tress.process.geometry import resize
from tress.process.looks import Located
from tress_train.data import augment, compose
from tress_train.data.coarse import enlarged, looked_at
from tress_train.data.degrade import Damaged
from tress_train.data.pools import Pools
from tress_train.data.strands import add_strands
from tress_train.models.locator import Locator
from tress_train.recipes.refiner_stages import NARROWEST, SCENE_PX

# Share of the scenes that the locator sees as they are; of the others a smaller copy, no smaller than this.  So its
# answers have to grow as far as in the large photos of users, and know these cut-outs less well.
FULL_SIZE_SHARE = 0.4
LEAST_PX = 256
# Share of the cut-outs that get other colours: there are fewer of them than colours of hair and clothes.
RECOLOURED = 0.4
# A locator that is further off has missed the subject, which no work on the edge mends: another scene is tried.
FOUND_IOU = 0.7
TRIES = 4


class Scene(NamedTuple):
    """A composite and what the locator says about it.

    picture: ``(H, W, 3)`` uint8.  true_alpha: ``(H, W)`` uint8.  answer: ``(2, h, w)`` uint8, the locator's alpha and
    doubt at its own resolution, where 255 stands for 1.
    """

    picture: npt.NDArray[np.uint8]
    true_alpha: npt.NDArray[np.uint8]
    answer: npt.NDArray[np.uint8]

    def coarse(self) -> Damaged:
        """The answer enlarged to the picture's size."""
        alpha, doubt = self.answer
        return enlarged(Located(alpha / np.float32(255), doubt, None), self.true_alpha.shape)


class Scenes:
    """Scenes by number; scene ``k`` depends on the pools, the locator, the seed and on ``k`` alone.

    Args:
        pools: what scenes are composed of.
        locator: in evaluation mode.
        folder: where scenes are kept; those of other pools, locators or seeds do not disturb.
        seed: start of all randomness.
        count: how many there are.
        strands_share: share of the scenes whose cut-out gets strands of hair drawn onto it.
    """

    def __init__(
        self, pools: Pools, locator: Locator, *, folder: Path, seed: int, count: int, strands_share: float
    ) -> None:
        self.pools, self.locator, self.seed, self.count = pools, locator, seed, count
        self.strands_share = strands_share
        self.folder = folder / self._identity()

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> Scene:
        """Reads a scene, or makes and keeps it."""
        path = self.folder / f"{number:06d}.npz"
        try:
            with np.load(path) as kept:
                return Scene(kept["picture"], kept["true_alpha"], kept["answer"])
        except FileNotFoundError:
            scene = self._make(np.random.default_rng((self.seed, 1, number)))
        data = io.BytesIO()
        np.savez(data, **scene._asdict())
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data.getbuffer())
        os.replace(unfinished, path)
        return scene

    def _identity(self) -> str:
        how = (self.seed, self.strands_share, self.pools.hair_share, RECOLOURED, FULL_SIZE_SHARE)
        digest = hashlib.sha256(repr(how).encode())
        for picture in (*self.pools.hair, *self.pools.other):
            digest.update(picture.key.encode())
        for name, value in sorted(self.locator.state_dict().items()):
            digest.update(name.encode() + value.numpy().tobytes())
        return digest.hexdigest()[:16]

    def _make(self, rng: np.random.Generator) -> Scene:
        for _ in range(TRIES):
            picture, true_alpha = self._compose(rng)
            answer = self._ask(picture, rng)
            found = resize(answer[0], *true_alpha.shape) > 127
            true = true_alpha > 127
            if (found & true).sum() >= FOUND_IOU * max(1, (found | true).sum()):
                break
        return Scene(picture, true_alpha, answer)

    def _compose(self, rng: np.random.Generator) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        long_side = float(np.exp(rng.uniform(*np.log(SCENE_PX))))
        ratio = float(np.exp(rng.uniform(np.log(NARROWEST), -np.log(NARROWEST))))
        height, width = round(long_side * min(1, 1 / ratio)), round(long_side * min(1, ratio))
        return compose_scene(self.pools, height, width, rng, strands_share=self.strands_share)

    def _ask(self, picture: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        long_side = max(picture.shape)
        if rng.random() >= FULL_SIZE_SHARE:
            long_side = round(float(np.exp(rng.uniform(np.log(LEAST_PX), np.log(long_side)))))
        found = looked_at(self.locator, picture, long_side)
        assert found.uncertainty is not None
        return np.stack([(found.alpha * 255 + 0.5).astype(np.uint8), found.uncertainty])


def compose_scene(
    pools: Pools, height_px: int, width_px: int, rng: np.random.Generator, *, strands_share: float
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """One cut-out before a background, at times in other colours or with strands of hair drawn onto it.

    Returns:
        The picture ``(H, W, 3)`` and its exact alpha ``(H, W)``, uint8.
    """
    cutout = pools.cutout(rng).image
    if rng.random() < RECOLOURED:
        cutout = np.dstack([augment.recolour(cutout[..., :3], rng), cutout[..., 3]])
    background = pools.background(cutout, height_px, width_px, rng)
    grounded = bool((cutout[-2:, :, 3] > 127).mean() > 0.05)
    layer = compose.place(cutout, height_px, width_px, rng, grounded=grounded, zoom=(0.45, 1.5))
    if rng.random() < strands_share:
        layer = add_strands(layer, rng)
    picture, true_alpha = compose.compose(background, [layer], rng)
    return augment.photometric(picture, rng), true_alpha
