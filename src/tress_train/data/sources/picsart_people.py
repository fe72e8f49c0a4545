"""Picsart."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="picsart-people",
    what="selfies and portraits of people, 320 px; careful masks",
    origin="Picsart",
    licence="no licence stated, measuring only",
    measuring_only=True,
    fingerprints={
        "val": "401cb464a558bdaa31db1e14fe61b42aa159745a6669d564ad45553a32fea9dc",
    },
)
