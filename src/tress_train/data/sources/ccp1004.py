"""Clothing Co-Parsing (Yang, Luo and Lin 2014)."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="ccp1004",
    what="street-fashion people; binary masks made from label maps, edges up to 5 px off, hair blocky",
    origin="Clothing Co-Parsing (Yang, Luo and Lin 2014)",
    licence="research set; an Apache-2.0 file in its repository",
    fingerprints={
        "train": "33f909eb3544a5676da88a6d172b7457e06be7dc10d5655bb5015f51fda7845f",
    },
)
