"""made for this project of cut-outs of lamps."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="lamp-composites",
    what="cut-outs of lamps before photos of places; exact alpha",
    origin="made for this project of cut-outs of lamps",
    licence="no licence stated, measuring only",
    measuring_only=True,
    fingerprints={
        "val": "eb4c55345c3e224d9e13070dec6790e516ae45364682ac5ea9143d48ed90f3dc",
    },
)
