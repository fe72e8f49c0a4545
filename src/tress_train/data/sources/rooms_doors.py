"""DoorDetect: Open Images, MCIndoor20000."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="rooms-doors",
    what="kitchens, rooms, corridors and cupboards of about 1024 px, sorted by eye",
    origin="DoorDetect: Open Images, MCIndoor20000",
    licence="Open Images: CC BY 2.0",
    free="open",
    gathering=Gathering(
        kind="room",
        edge="background",
        repositories=(
            Repository(
                name="MiguelARD/DoorDetect-Dataset",
                commit="1db107fe1b808fc5712f898b35bde0976ba0c0af",
                folder="images",
                picture=r"(.+)\.jpe?g",
                checksum="3326b44f41d337732bbfd52d546820829e9b5b2960af97de74e74b4ad7519963",
            ),
        ),
    ),
)
