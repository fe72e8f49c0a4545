"""object pictures by alexppppp."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="alexppppp-misc",
    what="chairs, monitors, guitars and tools on plain backgrounds; masks",
    origin="object pictures by alexppppp",
    licence="no licence stated",
    fingerprints={
        "val": "6e29511dc2ff1840d05043580fbb7441b9a0074354e3a4845f1704d610643166",
    },
    measuring_only=True,
)
