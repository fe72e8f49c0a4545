"""What composites are drawn from: cut-outs with exact alpha, and backgrounds."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tress.errors import InputError
from tress.process.geometry import warp
from tress_train.data import compose
from tress_train.data.library import AnyPicture, Library
from tress_train.data.lists import MARK


class Pools:
    """The cut-outs and backgrounds of a library.

    Args:
        library: photos are not used.
        hair_share: share of the drawn cut-outs that are of the kind ``hair``, if there are both kinds.

    Raises:
        InputError: there is no cut-out.
    """

    def __init__(self, library: Library, hair_share: float) -> None:
        self.hair_share = hair_share
        cutouts = [
            picture
            for name, pictures in sorted(library.cutouts.items())
            if not name.startswith(MARK)
            for picture in pictures
        ]
        self.hair = [picture for picture in cutouts if picture.kind == "hair"]
        self.other = [picture for picture in cutouts if picture.kind != "hair"]
        self.backgrounds = [picture for _, found in sorted(library.backgrounds.items()) for picture in found]
        if not cutouts:
            raise InputError(
                "no_cutouts",
                "the refiner learns from cut-outs with exact alpha (edge `rgba`), of which none is left to train on",
                hint="add transparent pictures, or hold back fewer of them (own_held_back)",
            )

    def cutout(self, rng: np.random.Generator) -> AnyPicture:
        """A cut-out, of the kind ``hair`` as often as wished."""
        use_hair = bool(self.hair) and (not self.other or rng.random() < self.hair_share)
        pool = self.hair if use_hair else self.other
        return pool[rng.integers(len(pool))]

    def background(
        self, cutout: npt.NDArray[np.uint8], height_px: int, width_px: int, rng: np.random.Generator
    ) -> npt.NDArray[np.uint8]:
        """Mostly a photo; at times a plain one, at times one close to the cut-out's own colour.

        Args:
            cutout: ``(h, w, 4)`` uint8, straight alpha.

        Returns:
            ``(height_px, width_px, 3)`` uint8.
        """
        draw = rng.random()
        if draw < 0.25 or not self.backgrounds:
            picture = compose.plain_background(height_px, width_px, rng)
        else:
            image = self.backgrounds[rng.integers(len(self.backgrounds))].image
            cover = max(height_px / image.shape[0], width_px / image.shape[1]) * rng.uniform(1, 1.5)
            slack_x, slack_y = image.shape[1] * cover - width_px, image.shape[0] * cover - height_px
            matrix = np.array([[cover, 0, -rng.random() * slack_x], [0, cover, -rng.random() * slack_y]])
            picture = warp(image, matrix, height_px, width_px)
            if rng.random() < 0.5:
                picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(1, 8))
        if rng.random() < 0.2:
            solid = cutout[cutout[..., 3] > 200]
            if len(solid):
                shift = solid[:, :3].mean(0) - picture.mean((0, 1))
                picture = np.clip(picture + shift * rng.uniform(0.5, 1), 0, 255).astype(np.uint8)
        return picture
