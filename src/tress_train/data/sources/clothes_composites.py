"""made for this project of cut-outs of clothes."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="clothes-composites",
    what="cut-outs of clothes, half of them worn, before photos of places; exact alpha",
    origin="made for this project of cut-outs of clothes",
    licence="no licence stated, measuring only",
    measuring_only=True,
    fingerprints={
        "val": "a78c1ac429982f60dc8b5aaeab4add7438908761f263194e13bf2cf0372117b8",
    },
)
