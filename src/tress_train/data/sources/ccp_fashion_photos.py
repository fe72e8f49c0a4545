"""Clothing Co-Parsing (Yang, Luo and Lin 2014)."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="ccp-fashion-photos",
    what="street-fashion people; alpha by a teacher network",
    origin="Clothing Co-Parsing (Yang, Luo and Lin 2014)",
    licence="an Apache-2.0 file in its repository",
    fingerprints={
        "train": "156f7c098aa0f1f561e54b31495632a141eacfc7944f6b86af69979c496a8b30",
    },
)
