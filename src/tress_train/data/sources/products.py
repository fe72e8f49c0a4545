"""made for this project."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="products",
    what="renders of things on tables, paper and floors, by seed (tools/products); exact alpha",
    origin="made for this project; walls, floors and prints show pictures of backgrounds",
    licence="Apache-2.0, as this project; of what is seen on walls: as of backgrounds",
    fingerprints={
        "train": "219a09f810d38fac9ea60ac242d4b8f98a77d6162b6d19544bc07ec4c921e61e",
    },
)
