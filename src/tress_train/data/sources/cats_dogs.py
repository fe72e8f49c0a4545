"""Kaggle Dogs vs. Cats (Asirra)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="cats-dogs",
    what="cats and dogs, also with people, about 500 px; alpha by a teacher network",
    origin="Kaggle Dogs vs. Cats (Asirra)",
    licence="research set",
    gathering=Gathering(
        kind="animals",
        edge="teacher",
        alpha="teacher",
        repositories=(
            Repository(
                name="7201krap/COURSERA_Introduction-to-CNN-with-Tensorflow",
                commit="287dfd672cf509e3bf59ae9510977291d8727e09",
                folder="cats_and_dogs_filtered",
                picture=r".+/(.+)\.jpg",
                checksum="7fa1eb7ac510350bb9972fbcd4d0f0f746c8c923775544c990d23040c9c073ce",
            ),
        ),
    ),
)
