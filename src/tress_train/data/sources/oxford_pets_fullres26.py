"""Oxford-IIIT Pet (Parkhi et al. 2012)."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="oxford-pets-fullres26",
    what="cats and dogs at full resolution; alpha 128 is the unknown edge",
    origin="Oxford-IIIT Pet (Parkhi et al. 2012)",
    licence="CC BY-SA 4.0",
    free="open",
    fingerprints={
        "val": "f030f5cffb25dc33093557ce96b5bdcfe63994478c0d98b4dafba612f8239e7f",
    },
)
