"""coworking stock photos."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="rooms-coworking",
    what="offices and cafes, 1024 px",
    origin="coworking stock photos",
    licence="free stock site",
    gathering=Gathering(
        kind="room",
        edge="background",
        repositories=(
            Repository(
                name="getcroissant/coworking-stock-photos",
                commit="e221b2ff5da07c657bfb3d56b7d207ec165a4084",
                folder="public/images/full_size",
                picture=r"(.+)\.png",
                checksum="5c55791cc7d3005f4d01cd5a2d089820575d1a750b3eb34c2311b6f76eb5d981",
            ),
        ),
    ),
)
