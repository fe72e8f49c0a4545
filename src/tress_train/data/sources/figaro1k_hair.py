"""Figaro-1k (Svanera et al. 2016)."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="figaro1k-hair",
    what="people with every kind of hair, often from behind; alpha of the whole person by a teacher network",
    origin="Figaro-1k (Svanera et al. 2016)",
    licence="research set",
    fingerprints={
        "train": "d6f63e767cb7f9904028fe8f7474660dbc937280fc05b7def9e2309cd6e9c49f",
    },
)
