"""Samples for the refiner: crops of composites around the unknown band, with a locator's alpha as input."""

from __future__ import annotations

from collections.abc import Sized

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tress.process.bands import REACH_FIRST, REACH_LATER
from tress.process.geometry import warp
from tress_train.data import augment, compose
from tress_train.data.coarse import band_of, stack_input
from tress_train.data.degrade import degrade
from tress_train.data.pools import Pools
from tress_train.data.samples import Samples
from tress_train.data.scenes import Scenes
from tress_train.data.strands import add_strands
from tress_train.recipes.refiner_stages import CANVAS_PX, ZOOM_MAX

FIRST_STEP_SHARE = 0.7


class RefinerCrops(Samples):
    """Endless, indexable crops; sample ``i`` depends on the seed and on ``i`` alone.

    Args:
        pools: cut-outs and backgrounds.
        crop_px: side of a crop, a multiple of 8.
        seed: start of all randomness.
        length: number of samples in the run.
        strands_share: share of the composites made for a crop whose cut-out gets strands of hair drawn onto it.
        scenes: whole composites with a locator's answers; None for damaged true alphas only.
        scenes_share: share of the crops that are cut from scenes.
    """

    def __init__(
        self,
        pools: Pools,
        *,
        crop_px: int,
        seed: int,
        length: int,
        strands_share: float = 0.0,
        scenes: Scenes | None = None,
        scenes_share: float = 0.0,
    ) -> None:
        self.drawn = pools
        self.crop_px, self.seed, self.length = crop_px, seed, length
        self.strands_share, self.scenes = strands_share, scenes
        self.scenes_share = scenes_share if scenes is not None and len(scenes) else 0.0

    def __len__(self) -> int:
        return self.length

    def pools(self) -> dict[str, int]:
        """How many pictures there are to draw from."""
        found: dict[str, Sized] = {
            "hair": self.drawn.hair,
            "other": self.drawn.other,
            "backgrounds": self.drawn.backgrounds,
        }
        return {name: len(pictures) for name, pictures in found.items()}

    def describe(self, index: int) -> str:
        """Which data sample ``index`` is made of, for reports."""
        rng = self._rng(index)
        number = self._scene(rng)
        return f"sample {index}: " + (self.drawn.cutout(rng).key if number is None else f"scene {number}")

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """One crop.

        ``input`` ``(5, T, T)`` float32: RGB, coarse alpha, uncertainty.  ``alpha`` and ``band`` ``(1, T, T)`` float32:
        the true alpha, and 1 where the runtime would let the refiner decide.  ``index`` of the sample.
        """
        rng = self._rng(index)
        number = self._scene(rng)
        if number is None:
            picture, true_alpha = self._composite(rng)
            coarse = degrade(true_alpha, rng)
            # As at the runtime's first step, or as at a later one.
            reach = REACH_FIRST if rng.random() < FIRST_STEP_SHARE else REACH_LATER
        else:
            assert self.scenes is not None
            scene = self.scenes[number]
            picture, true_alpha = scene.picture, np.divide(scene.true_alpha, 255, dtype=np.float32)
            coarse, reach = scene.coarse(), REACH_FIRST
        band = band_of(coarse, reach)
        y, x = corner_of_crop(band, true_alpha, self.crop_px, rng)
        cut = (slice(y, y + self.crop_px), slice(x, x + self.crop_px))
        rgb = np.ascontiguousarray(picture[cut])
        # A scene has had its changes before the locator saw it.
        rgb = augment.photometric(rgb, rng) if number is None else augment.light_and_colour(rgb, rng)
        sample = {
            "input": stack_input(rgb, coarse.alpha[cut], coarse.doubt[cut]),
            "alpha": torch.from_numpy(np.ascontiguousarray(true_alpha[cut]))[None],
            "band": torch.from_numpy(band[cut].astype(np.float32))[None],
        }
        if rng.random() < 0.5:
            sample = {name: planes.flip(2) for name, planes in sample.items()}
        return {**sample, "index": torch.tensor(index)}

    def _rng(self, index: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, 0, index))

    def _scene(self, rng: np.random.Generator) -> int | None:
        """The number of the scene that a crop is cut from; None if a composite is to be made for it."""
        if self.scenes is None or rng.random() >= self.scenes_share:
            return None
        return int(rng.integers(len(self.scenes)))

    def _composite(self, rng: np.random.Generator) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
        cutout = self.drawn.cutout(rng).image
        background = self.drawn.background(cutout, CANVAS_PX, CANVAS_PX, rng)
        h, w = cutout.shape[:2]
        # Around the cut-out's own size, so that strands keep the sharpness they were made with; often much closer.
        scale = min(CANVAS_PX / h, CANVAS_PX / w) * np.exp(rng.uniform(np.log(0.6), np.log(ZOOM_MAX)))
        flip = -1.0 if rng.random() < 0.5 else 1.0
        angle = np.radians(rng.normal(0, 15))
        turn = scale * np.array([[np.cos(angle) * flip, -np.sin(angle)], [np.sin(angle) * flip, np.cos(angle)]])
        focus = self._focus(cutout, rng)
        target = np.array([CANVAS_PX / 2, CANVAS_PX / 2]) + rng.normal(0, 0.08 * CANVAS_PX, 2)
        matrix = np.column_stack([turn, target - turn @ focus])
        premultiplied = cutout.astype(np.float32) / 255
        premultiplied[..., :3] *= premultiplied[..., 3:]
        layer = warp(premultiplied, matrix, CANVAS_PX, CANVAS_PX, border=(0, 0, 0, 0))
        if rng.random() < self.strands_share:
            layer = add_strands(layer, rng)
        picture, alpha = compose.compose(background, [layer], rng)
        return picture, alpha.astype(np.float32) / np.float32(255)

    def _focus(self, cutout: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.float64]:
        """A soft pixel of the cut-out, as (x, y)."""
        soft = (cutout[..., 3] > 8) & (cutout[..., 3] < 247)
        ys, xs = np.nonzero(soft if soft.any() else cutout[..., 3] > 0)
        if not len(ys):
            return np.array([cutout.shape[1] / 2, cutout.shape[0] / 2])
        pick = rng.integers(len(ys))
        return np.array([xs[pick], ys[pick]], np.float64)


def corner_of_crop(
    band: npt.NDArray[np.bool_], true_alpha: npt.NDArray[np.float32], crop_px: int, rng: np.random.Generator
) -> tuple[int, int]:
    """Top left corner (y, x) of a square crop that holds a part of the band, soft parts first.

    Args:
        band: ``(H, W)``; where it is empty, any crop is taken.
        true_alpha: ``(H, W)``.
        crop_px: side of the crop, at most that of the picture.
        rng: source of chance.
    """
    soft = band & (true_alpha > 0.05) & (true_alpha < 0.95)
    ys, xs = np.nonzero(soft if soft.any() and rng.random() < 0.8 else band)
    lowest, rightmost = (side - crop_px for side in band.shape)
    if not len(ys):
        return int(rng.integers(lowest + 1)), int(rng.integers(rightmost + 1))
    pick = rng.integers(len(ys))
    jitter = rng.integers(-crop_px // 3, crop_px // 3 + 1, 2)
    y, x = ys[pick] - crop_px // 2 + jitter[0], xs[pick] - crop_px // 2 + jitter[1]
    return int(np.clip(y, 0, lowest)), int(np.clip(x, 0, rightmost))
