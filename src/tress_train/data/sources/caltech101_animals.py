"""Caltech-101 (Fei-Fei, Fergus and Perona 2004)."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="caltech101-animals",
    what="elephants, rhinos, flamingos and emus; only the main animal is masked",
    origin="Caltech-101 (Fei-Fei, Fergus and Perona 2004)",
    licence="CC BY 4.0",
    free="open",
    fingerprints={
        "train": "b45221012f94fce2e0ea3494fa97cae22e9f113ab5d04daf44b6769e5f6ba362",
        "val": "8b6ab84abd3e87b37d39c52b6d66c2b9184082b5ed2d2c42c0df502695539d50",
    },
)
