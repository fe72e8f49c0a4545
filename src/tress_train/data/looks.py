"""Second looks for training: the part of a picture that the runtime would look at again, told what it said before."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tress.arrays import Alpha
from tress.matting import SMALLEST_SHARE
from tress.process.closer import Box, closer_box

# Margins around the subject, as shares of its longer side; the runtime's lies in between.
MARGINS = (0.05, 0.3)
# Share of the second looks that see the whole picture, as if the subject filled it.
WHOLE = 0.2
# Long side of the picture at the first look, as shares of its own: on pictures it has learned from, a locator is
# better than on others, and so is what the second look would be told.
FIRST_SHARES = (0.5, 0.625, 0.75, 1.0, 1.0, 1.0)
# What a first look has been told: nothing.
NOTHING = (0.5, 1.0)


class Look(NamedTuple):
    """Which part of a picture is looked at again, and whether mirrored.  ``box`` is in shares of the picture's sides.

    box: top, bottom, left, right.  mirrored: left and right are exchanged.
    """

    box: tuple[float, float, float, float]
    mirrored: bool

    def on(self, height: int, width: int) -> Box:
        """The box in pixels of a picture of that size; at least one wide and high."""
        top, bottom, left, right = self.box
        y0, x0 = min(height - 1, round(top * height)), min(width - 1, round(left * width))
        return Box(y0, max(y0 + 1, round(bottom * height)), x0, max(x0 + 1, round(right * width)))

    def cut(self, planes: Tensor, height: int, width: int) -> Tensor:
        """What the look sees of ``planes`` ``(C, H, W)``, at ``(C, height, width)``."""
        part = planes[(slice(None), *self.on(planes.shape[1], planes.shape[2]).inside)]
        part = resized(part, height, width)
        return part.flip(2) if self.mirrored else part

    def paste(self, planes: Tensor, seen: Tensor) -> Tensor:
        """``planes`` ``(C, H, W)`` with what was answered to the look, ``(C, h, w)``, in its place."""
        box = self.on(planes.shape[1], planes.shape[2])
        seen = seen.flip(2) if self.mirrored else seen
        pasted = planes.clone()
        pasted[(slice(None), *box.inside)] = resized(seen, box.bottom - box.top, box.right - box.left)
        return pasted


def choose_look(alpha: Alpha, rng: np.random.Generator) -> Look:
    """The look at the subject of ``alpha`` ``(h, w)``, the answer to the first; its shape is that of the picture."""
    height, width = alpha.shape
    mirrored = bool(rng.random() < 0.5)
    box = None
    if rng.random() >= WHOLE:
        margin = float(rng.uniform(*MARGINS))
        box = closer_box(alpha, alpha.shape, smallest_share=SMALLEST_SHARE, largest_share=1.0, margin=margin)
    if box is None:
        return Look((0.0, 1.0, 0.0, 1.0), mirrored)
    # Wider or higher, until a whole batch has one shape.
    share = max((box.bottom - box.top) / height, (box.right - box.left) / width)
    top = float(np.clip((box.top + box.bottom) / (2 * height) - share / 2, 0, 1 - share))
    left = float(np.clip((box.left + box.right) / (2 * width) - share / 2, 0, 1 - share))
    return Look((top, top + share, left, left + share), mirrored)


def first_size(height: int, width: int, rng: np.random.Generator) -> tuple[int, int]:
    """The size at which a first look sees pictures of ``height`` x ``width``, multiples of 32."""
    share = rng.choice(FIRST_SHARES)
    return max(32, int(height * share) // 32 * 32), max(32, int(width * share) // 32 * 32)


def nothing_said(image: Tensor) -> Tensor:
    """The two planes that say nothing, for pictures ``(N, C, H, W)``."""
    said = torch.tensor(NOTHING, dtype=image.dtype, device=image.device)
    return said[None, :, None, None].expand(image.shape[0], 2, *image.shape[2:])


def resized(planes: Tensor, height: int, width: int) -> Tensor:
    """``(C, H, W)`` float at another size, averaged where it shrinks."""
    if planes.shape[1:] == (height, width):
        return planes
    shrinks = height < planes.shape[1] or width < planes.shape[2]
    grown = F.interpolate(planes[None], size=(height, width), mode="bilinear", align_corners=False, antialias=shrinks)
    return grown[0].clamp(0, 1)
