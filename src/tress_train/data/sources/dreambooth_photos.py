"""DreamBooth data set (Ruiz et al. 2023)."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="dreambooth-photos",
    what="single objects, toys, dogs and cats of high quality; alpha by a teacher network",
    origin="DreamBooth data set (Ruiz et al. 2023)",
    licence="CC BY 4.0 / Unsplash",
    free="open",
    fingerprints={
        "train": "dc34cfaf432ab737feccc1c81fa10e9ad77db3d8d01167bdfe2293a1cc7c9e1c",
    },
)
