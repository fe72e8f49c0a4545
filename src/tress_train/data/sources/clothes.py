"""Clothing dataset."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="clothes",
    what="one garment or pair of shoes on carpet, floor, bed or hanger, 530 px; alpha by a teacher network",
    origin="Clothing dataset",
    licence="CC0 1.0",
    free="open",
    gathering=Gathering(
        kind="objects",
        edge="teacher",
        alpha="teacher",
        repositories=(
            Repository(
                name="alexeygrigorev/clothing-dataset",
                commit="7ed86a9cc56763b6acb35e41cb35184e43a5d218",
                folder="images",
                picture=r"(.+)\.jpg",
                checksum="ffbc3e43f550a53da16b479b97d61a91326df922ec56c4b65fa03a3602eee1b5",
            ),
        ),
    ),
)
