"""DreamBooth (Ruiz et al. 2023)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="dreambooth-photos-hd",
    what="toys, dogs, cats, bags and vases, 1000 to 2000 px; alpha by a teacher network",
    origin="DreamBooth (Ruiz et al. 2023)",
    licence="CC BY 4.0 / Unsplash",
    free="open",
    gathering=Gathering(
        kind="mixed",
        edge="teacher",
        alpha="teacher",
        repositories=(
            Repository(
                name="google/dreambooth",
                commit="4f887af7970a06fc0cd3adaa1d0b368547d6a1d0",
                folder="dataset",
                picture=r"(.+)/(.+)\.jpg",
                key=r"\1-\2",
                checksum="f447e626758e4b2a10d9338d52f408e04c5e7ca9ad29f8fa929951be83141b3e",
            ),
        ),
    ),
)
