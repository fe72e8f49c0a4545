"""official portraits of the United States, apa-bench."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="apa-portraits",
    what="official busts before flags and bookshelves, about 500 px, that wait for labels",
    origin="official portraits of the United States, apa-bench",
    licence="US public domain; MIT repository",
    free="open",
    gathering=Gathering(
        kind="people",
        edge="teacher",
        alpha="teacher",
        repositories=(
            Repository(
                name="uvavision/apa-bench",
                commit="db14e33ee320ad3e3f92979a346e058e4a77581a",
                folder="benchmark-data-v1",
                picture=r"(.+)/(.+)\.jpg",
                key=r"\1-\2",
                checksum="dade4cc523e295fb156fd324dbfe62df9e83f50451217de4cc813e3d5867fc5f",
            ),
        ),
    ),
)
