"""ImageNet (Deng et al. 2009)."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="imagenet-sample-1000",
    what="one photo per ImageNet class, the widest variety of subjects; alpha by a teacher network",
    origin="ImageNet (Deng et al. 2009)",
    licence="ImageNet terms (research)",
    fingerprints={
        "train": "c7a0489022df04fe81c8e3785bd908385e1ba499337157231a56df06bcad539c",
    },
)
