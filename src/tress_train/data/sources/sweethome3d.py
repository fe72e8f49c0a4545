"""Furniture libraries of Sweet Home 3D (Debian package sweethome3d-furniture)."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="sweethome3d",
    what="renders of furniture, tools, clothes, plants, vehicles, animals and people, by seed (tools/products); "
    "exact alpha",
    origin="3D models by Scopia, Blend Swap's authors, Kator Legaz and Reallusion (Debian package "
    "sweethome3d-furniture); walls and floors show pictures of backgrounds",
    licence="models CC-BY-3.0 and CC0; of what is seen on walls: as of backgrounds",
    fingerprints={
        "train": "4fcf1fe86116d91e2b511acd8cc27371d48464947357cac315ece2ea273c9b94",
    },
)
