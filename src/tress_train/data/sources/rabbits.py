"""Open Images."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="rabbits",
    what="rabbits, toys, people with rabbits, 1024 px; alpha by a teacher network",
    origin="Open Images",
    licence="CC BY 2.0",
    free="open",
    gathering=Gathering(
        kind="animals",
        edge="teacher",
        alpha="teacher",
        repositories=(
            Repository(
                name="ayten2301/rabbit",
                commit="eea7557349eda5faea5e9c19fe1ccd2b6f4cf044",
                folder="train",
                picture=r"(.+)\.jpg",
                checksum="85392c0506e9cf9beacae8f237b7b5b77a08d782b2544c353158cfcde74fa68f",
            ),
        ),
    ),
)
