"""TrashNet (Thung and Yang 2016)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="trash-objects",
    what="glass, plastic and metal things on plain ground with shadow, 512x384; alpha by a teacher network",
    origin="TrashNet (Thung and Yang 2016)",
    licence="MIT",
    free="open",
    gathering=Gathering(
        kind="objects",
        edge="teacher",
        alpha="teacher",
        repositories=(
            Repository(
                name="congduytran12/Trash-Classification-",
                commit="00212f2c18dcdb9045c74481eaae5baaf72537df",
                folder="dataset-resized",
                picture=r"(.+)/(.+)\.jpg",
                key=r"\1-\2",
                checksum="a26d32455ed438b41a8a0d4c88e6ee8d700421d4f22531f40a014f811464b815",
            ),
        ),
    ),
)
