"""EMOd (Fan et al. 2018)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="emod-places",
    what="streets, ruins, corridors and towns, 1024x768, sorted by eye",
    origin="EMOd (Fan et al. 2018)",
    licence="research set",
    gathering=Gathering(
        kind="room",
        edge="background",
        repositories=(
            Repository(
                name="dogsteven/emod",
                commit="21fdfeb7f0d9aebcd3647cb83e24d489381e5948",
                folder="images",
                picture=r"(.+)\.jpg",
                checksum="a3ba9aaef412ffa02f3e5bb447997efef25943b260dd0d541774cc0a33846873",
            ),
        ),
    ),
)
