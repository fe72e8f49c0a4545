"""object pictures by alexppppp."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="alexppppp-objects",
    what="batteries, bulbs, padlocks and tubes; masks",
    origin="object pictures by alexppppp",
    licence="no licence stated",
    fingerprints={
        "val": "81f3e66083ec0c61188605e8732db521ee2c8c30ec72d1710cae1edbdd1ee288",
    },
    measuring_only=True,
)
