"""Samples for a locator that looks twice: a whole view, small, and a window of the same view, fine."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tress.process.geometry import resize
from tress_train.data.dataset import TrainingSet
from tress_train.data.samples import Samples

MULTIPLE = 32
# Share of the windows whose middle lies on the subject's edge, where a second look has something to say.
AT_EDGE = 0.85
# Share of the windows about a gap, where the label is trusted to know the gaps and has any.
AT_GAP = 0.35
# Share of the windows about which the first look is made to lie in one place, so that a second look also looks.
LIES = 0.25
# A plane of bytes: 0 and 255 are what the lie says, this is where there is none.
NO_LIE = 128
WHERE = ("where", "soft")

Image = npt.NDArray[np.uint8]


class TwoLooks(Samples):
    """Every sample of ``views`` as a first and a second look at it.

    Args:
        views: samples at the size of the second look.
        first_sides_px: long sides of what the first look sees, which the batches take in turn.
        window_px: side of the window that the second look sees; where a view is smaller, the view's.
    """

    def __init__(self, views: TrainingSet, *, first_sides_px: tuple[int, ...], window_px: int) -> None:
        self.views, self.first_sides_px, self.window_px = views, first_sides_px, window_px

    def __len__(self) -> int:
        return len(self.views)

    def pools(self) -> dict[str, int]:
        """As of the views."""
        return self.views.pools()

    def describe(self, index: int) -> str:
        """As of the views."""
        return self.views.describe(index)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """One sample: the first look's as ``TrainingSet`` has it, the second's under ``near_*``.

        ``near_image`` ``(3, h, w)``; ``near_alpha``, ``near_where``, ``near_soft``, ``near_fuzzy`` and ``near_gaps``
        ``(1, h, w)``, all uint8; ``near_lie`` ``(1, h, w)`` int16, what is put in the place of the first look's alpha,
        ``NO_LIE`` for nothing; ``near_box`` ``(4,)``: top, left, bottom and right of the window, as shares of the view.
        """
        view = self.views[index]
        planes = {name: view[name] for name in ("image", "alpha", "where", "soft", "fuzzy", "gaps")}
        height, width = view["image"].shape[-2:]
        rng = np.random.default_rng((self.views.seed, 5, index))
        y, x, h, w = self._window(view["alpha"][0].numpy(), view["gaps"][0].numpy(), rng)
        long_side_px = self.first_sides_px[index // self.views.batch % len(self.first_sides_px)]
        scale = long_side_px / max(height, width)
        size = tuple(max(MULTIPLE, MULTIPLE * round(side * scale / MULTIPLE)) for side in (height, width))
        return {
            **view,
            **{name: _small(name, plane, (size[0], size[1])) for name, plane in planes.items()},
            **{f"near_{name}": plane[:, y : y + h, x : x + w].contiguous() for name, plane in planes.items()},
            "near_lie": torch.from_numpy(_lie(h, w, rng))[None],
            "near_box": torch.tensor([y / height, x / width, (y + h) / height, (x + w) / width]),
        }

    def _window(self, alpha: Image, gaps: Image, rng: np.random.Generator) -> tuple[int, int, int, int]:
        """Top, left, height and width of the window."""
        height, width = alpha.shape
        h, w = min(self.window_px, height), min(self.window_px, width)
        middle = rng.integers(height), rng.integers(width)
        if rng.random() < AT_EDGE:
            rows, columns = np.nonzero(gaps[::4, ::4])
            if not len(rows) or rng.random() >= AT_GAP:
                inside = (alpha[::4, ::4] > 127).astype(np.uint8)
                rows, columns = np.nonzero(cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
            if len(rows):
                pick = rng.integers(len(rows))
                middle = 4 * rows[pick], 4 * columns[pick]
        # The same offsets for all windows would put every edge into the middle.
        y, x = (int(m + rng.uniform(-0.35, 0.35) * side - side / 2) for m, side in zip(middle, (h, w), strict=True))
        return min(max(0, y), height - h), min(max(0, x), width - w), h, w


def _small(name: str, plane: Tensor, size: tuple[int, int]) -> Tensor:
    """A plane at the size of the first look; a pixel's label is known only where all that it covers is."""
    small = resize(np.ascontiguousarray(plane.numpy().transpose(1, 2, 0)), *size)
    if name in WHERE:
        small = np.where(small == 255, small, 0)
    elif name == "fuzzy":
        small = np.where(small > 127, 255, 0)
    small = small.astype(np.uint8).reshape(*size, -1)
    return torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1)))


def _lie(height: int, width: int, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    lie = np.full((height, width), NO_LIE, np.uint8)
    if rng.random() < LIES:
        middle = int(rng.integers(width)), int(rng.integers(height))
        axes = tuple(max(2, round(rng.uniform(0.03, 0.2) * side)) for side in (width, height))
        cv2.ellipse(lie, middle, axes, rng.uniform(0, 180), 0, 360, 255 if rng.random() < 0.4 else 0, -1)
    return lie.astype(np.int16)
