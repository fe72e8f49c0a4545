"""cat segmentation data set by Arda Mavi."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="ardamavi-cats",
    what="cats; polygons by hand",
    origin="cat segmentation data set by Arda Mavi",
    licence="Apache-2.0",
    free="open",
    fingerprints={
        "train": "e297d8af6531274b05af29a235bc6b55e2fd986a30a46ae204b1da5d1432b63d",
        "val": "84580e8b1cf16367f05382e3fbcdfd2b23605732e09e3022f012e8d01c4538ee",
    },
)
