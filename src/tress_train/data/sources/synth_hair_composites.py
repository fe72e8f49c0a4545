"""made for this project."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="synth-hair-composites",
    what="renders on held-back backgrounds; exact alpha",
    origin="made for this project",
    licence="Apache-2.0, as this project",
    free="open",
    fingerprints={
        "val": "352acf7b708d64e8f22041420ef7dbce6428f79bba35ca4b5d7bb47cfc084d35",
    },
)
