"""interfaces."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="interfaces",
    what="100 portraits of 1000 px: every kind of hair, hats, hands, skin; alpha by a teacher network",
    origin="interfaces",
    licence="CC0 1.0",
    free="open",
    gathering=Gathering(
        kind="people",
        edge="teacher",
        alpha="teacher",
        repositories=(
            Repository(
                name="cjdowner/interfaces",
                commit="2166b2273fd050699e112e95a251f0519cce58c3",
                folder="1000 x 1000",
                picture=r"(.+)\.jpg",
                checksum="f4d8884d525ae12b5dfe4930793cdc3e4f35aef885a3b4c296888541b2c10824",
            ),
        ),
    ),
)
