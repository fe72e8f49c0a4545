"""Oxford-IIIT Pet (Parkhi et al. 2012)."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="oxford-pets-128",
    what="1500 cats and dogs at 128 px, squeezed to a square; alpha 128 is the annotators' unknown edge",
    origin="Oxford-IIIT Pet (Parkhi et al. 2012)",
    licence="CC BY-SA 4.0",
    free="open",
    fingerprints={
        "train": "2a1a81d5fdda0f47673d4d8d8dbbcf331874494bc5f797bb7b8a780eecc07083",
    },
)
