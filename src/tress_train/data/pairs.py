"""Samples for training both networks at once: a locator's sample, and a whole scene at full resolution."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tress.process.geometry import resize
from tress_train.data.dataset import TrainingSet
from tress_train.data.pools import Pools
from tress_train.data.samples import Samples
from tress_train.data.scenes import compose_scene

# How much larger a scene is than what the locator sees of it, in eighths: from an enlarged picture to 1024 px.
EIGHTHS = (6, 8, 10, 12, 14, 16)


class Pairs(Samples):
    """Endless, indexable pairs; sample ``i`` depends on the seed and on ``i`` alone.

    Args:
        views: the locator's samples.
        pools: what scenes are composed of.
        strands_share: share of the scenes whose cut-out gets strands of hair drawn onto it.
    """

    def __init__(self, views: TrainingSet, pools: Pools, *, strands_share: float) -> None:
        self.views, self.scene_pools, self.strands_share = views, pools, strands_share

    def __len__(self) -> int:
        return len(self.views)

    def pools(self) -> dict[str, int]:
        """How many pictures there are to draw from."""
        scenes = {"scenes of hair": self.scene_pools.hair, "scenes of others": self.scene_pools.other}
        return {**self.views.pools(), **{name: len(pictures) for name, pictures in scenes.items()}}

    def describe(self, index: int) -> str:
        """Which data sample ``index`` is made of, for reports."""
        cutout = self.scene_pools.cutout(self._rng(index))
        return f"{self.views.describe(index)}, scene of {cutout.key}"

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """One sample of ``TrainingSet``, and with it a scene.

        ``scene`` ``(3, S, T)`` and ``scene_alpha`` ``(1, S, T)``; ``scene_view`` ``(3, H, W)`` and
        ``scene_view_alpha`` ``(1, H, W)``, as the locator sees it; all uint8.  ``S / H = T / W`` is the same for a
        whole batch, and a multiple of an eighth.
        """
        height, width = self.views.canvas(index)
        eighths = np.random.default_rng((self.views.seed, 2, index // self.views.batch)).choice(EIGHTHS)
        picture, alpha = compose_scene(
            self.scene_pools,
            height * eighths // 8,
            width * eighths // 8,
            self._rng(index),
            strands_share=self.strands_share,
        )
        return {
            **self.views[index],
            "scene": torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))),
            "scene_alpha": torch.from_numpy(alpha)[None],
            "scene_view": torch.from_numpy(np.ascontiguousarray(resize(picture, height, width).transpose(2, 0, 1))),
            "scene_view_alpha": torch.from_numpy(resize(alpha, height, width))[None],
        }

    def _rng(self, index: int) -> np.random.Generator:
        return np.random.default_rng((self.views.seed, 3, index))
