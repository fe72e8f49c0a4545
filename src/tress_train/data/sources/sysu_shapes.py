"""SYSU-Shapes (T-PAMI 2014)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="sysu-shapes",
    what="planes, motorbikes, cars and boats at 500 px; outlines 1 to 3 px off, riders and passers-by not in them",
    origin="SYSU-Shapes (T-PAMI 2014)",
    licence="research set",
    fingerprints={
        "val": "59d26d92ff8b34418e375bd604d06c9649863467b91ad48dcce28cc9152e6101",
    },
    gathering=Gathering(
        kind="objects",
        edge="hard",
        ignore_px=3,
        alpha="contours",
        repositories=(
            Repository(
                name="bearpaw/sysu-shape-dataset",
                commit="f2a453474b2711485e2c1bb14eb989bc4133d9e1",
                folder="",
                picture=r"(.+)/images/(.+)\.jpg",
                key=r"\1-\2",
                label=r"\1/annotations/\2.mat",
                checksum="e615062d8189b59c206a240bc3e3a6d5e997ce1bc1c665228ce4c2f1328b2278",
            ),
        ),
    ),
)
