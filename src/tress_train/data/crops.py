"""Samples for the refiner: crops of composites around the unknown band, with a locator's alpha as input."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tress.errors import InputError
from tress.process.bands import REACH_FIRST, REACH_LATER
from tress.process.geometry import warp
from tress_train.data import augment, compose
from tress_train.data.coarse import CoarseSource, band_of, stack_input
from tress_train.data.library import Library, Picture
from tress_train.data.samples import Samples
from tress_train.data.strands import add_strands
from tress_train.refining import CANVAS_PX, ZOOM_MAX

FIRST_STEP_SHARE = 0.7


class RefinerCrops(Samples):
    """Endless, indexable crops; sample ``i`` depends on the seed and on ``i`` alone.

    Args:
        library: cut-outs and backgrounds; photos are not used.
        crop_px: side of a crop, a multiple of 8.
        seed: start of all randomness.
        length: number of samples in the run.
        hair_share: share of the crops whose cut-out is of the kind ``hair``, if there are both kinds.
        strands_share: share of the crops whose cut-out gets strands of hair drawn onto it.
        source: where coarse alphas come from.

    Raises:
        InputError: there is no cut-out.
    """

    def __init__(
        self,
        library: Library,
        *,
        crop_px: int,
        seed: int,
        length: int,
        hair_share: float,
        source: CoarseSource,
        strands_share: float = 0.0,
    ) -> None:
        self.crop_px, self.seed, self.length = crop_px, seed, length
        self.hair_share, self.strands_share, self.source = hair_share, strands_share, source
        cutouts = [picture for _, pictures in sorted(library.cutouts.items()) for picture in pictures]
        self.hair = [picture for picture in cutouts if picture.kind == "hair"]
        self.other = [picture for picture in cutouts if picture.kind != "hair"]
        self.backgrounds = [picture.image for _, found in sorted(library.backgrounds.items()) for picture in found]
        if not cutouts:
            raise InputError(
                "no_cutouts",
                "the refiner learns from cut-outs with exact alpha (edge `rgba`), of which none is left to train on",
                hint="add transparent pictures, or hold back fewer of them (own_held_back)",
            )

    def __len__(self) -> int:
        return self.length

    def pools(self) -> dict[str, int]:
        """How many pictures there are to draw from."""
        return {"hair": len(self.hair), "other": len(self.other), "backgrounds": len(self.backgrounds)}

    def describe(self, index: int) -> str:
        """Which data sample ``index`` is made of, for reports."""
        return f"sample {index}: {self._cutout(self._rng(index)).key}"

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """One crop.

        ``input`` ``(5, T, T)`` float32: RGB, coarse alpha, uncertainty.  ``alpha`` and ``band`` ``(1, T, T)`` float32:
        the true alpha, and 1 where the runtime would let the refiner decide.  ``index`` of the sample.
        """
        rng = self._rng(index)
        picture, true_alpha = self._composite(rng)
        coarse = self.source(picture, true_alpha, rng)
        # As at the runtime's first step, or as at a later one.
        band = band_of(coarse, REACH_FIRST if rng.random() < FIRST_STEP_SHARE else REACH_LATER)
        y, x = self._corner(band, true_alpha, rng)
        cut = (slice(y, y + self.crop_px), slice(x, x + self.crop_px))
        rgb = augment.photometric(np.ascontiguousarray(picture[cut]), rng)
        return {
            "input": stack_input(rgb, coarse.alpha[cut], coarse.doubt[cut]),
            "alpha": torch.from_numpy(np.ascontiguousarray(true_alpha[cut]))[None],
            "band": torch.from_numpy(band[cut].astype(np.float32))[None],
            "index": torch.tensor(index),
        }

    def _rng(self, index: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, 0, index))

    def _cutout(self, rng: np.random.Generator) -> Picture:
        use_hair = bool(self.hair) and (not self.other or rng.random() < self.hair_share)
        pool = self.hair if use_hair else self.other
        return pool[rng.integers(len(pool))]

    def _composite(self, rng: np.random.Generator) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
        cutout = self._cutout(rng).image
        background = self._background(cutout, rng)
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

    def _background(self, cutout: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """Mostly a photo; at times a plain one, at times one close to the subject's own colour."""
        draw = rng.random()
        if draw < 0.25 or not self.backgrounds:
            picture = compose.plain_background(CANVAS_PX, CANVAS_PX, rng)
        else:
            image = self.backgrounds[rng.integers(len(self.backgrounds))]
            cover = max(CANVAS_PX / image.shape[0], CANVAS_PX / image.shape[1]) * rng.uniform(1, 1.5)
            slack_x, slack_y = image.shape[1] * cover - CANVAS_PX, image.shape[0] * cover - CANVAS_PX
            matrix = np.array([[cover, 0, -rng.random() * slack_x], [0, cover, -rng.random() * slack_y]])
            picture = warp(image, matrix, CANVAS_PX, CANVAS_PX)
            if rng.random() < 0.5:
                picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(1, 8))
        if rng.random() < 0.2:
            solid = cutout[cutout[..., 3] > 200]
            if len(solid):
                shift = solid[:, :3].mean(0) - picture.mean((0, 1))
                picture = np.clip(picture + shift * rng.uniform(0.5, 1), 0, 255).astype(np.uint8)
        return picture

    def _corner(
        self, band: npt.NDArray[np.bool_], true_alpha: npt.NDArray[np.float32], rng: np.random.Generator
    ) -> tuple[int, int]:
        """Top left corner of a crop that holds a part of the band, soft parts first."""
        soft = band & (true_alpha > 0.05) & (true_alpha < 0.95)
        ys, xs = np.nonzero(soft if soft.any() and rng.random() < 0.8 else band)
        limit = CANVAS_PX - self.crop_px
        if not len(ys):
            return int(rng.integers(limit + 1)), int(rng.integers(limit + 1))
        pick = rng.integers(len(ys))
        jitter = rng.integers(-self.crop_px // 3, self.crop_px // 3 + 1, 2)
        y, x = ys[pick] - self.crop_px // 2 + jitter[0], xs[pick] - self.crop_px // 2 + jitter[1]
        return int(np.clip(y, 0, limit)), int(np.clip(x, 0, limit))
