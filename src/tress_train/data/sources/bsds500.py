"""BSDS500 (Arbelaez et al. 2011)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="bsds500",
    what="animals, people, things and landscapes, 481x321; alpha by a teacher network",
    origin="BSDS500 (Arbelaez et al. 2011)",
    licence="non-commercial research",
    gathering=Gathering(
        kind="mixed",
        edge="teacher",
        alpha="teacher",
        repositories=(
            Repository(
                name="BIDS/BSDS500",
                commit="a04b7c6c3a9f0ace74bf205c72a43d32e1c72722",
                folder="BSDS500/data/images",
                picture=r".+/(.+)\.jpg",
                checksum="bed309b13cfffe83a951b343be0ffed7aa450a83cc2cd9324cf11b5c89b2807c",
            ),
        ),
    ),
)
