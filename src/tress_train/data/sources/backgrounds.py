"""free wallpapers; Describable Textures (Cimpoi et al. 2014); Houses data set."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="backgrounds",
    what="wallpapers and textures (plain), rooms and house fronts (room), without a subject",
    origin="free wallpapers; Describable Textures (Cimpoi et al. 2014); Houses data set",
    licence="free wallpapers; DTD and Houses: research sets",
    fingerprints={
        "train": "61b11b269ad57c9f7021fdaf90faa47d8ed7dfad1740ff2ed0d799a52de1b0e8",
    },
)
