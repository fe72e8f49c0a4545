"""free wallpapers; Describable Textures (Cimpoi et al. 2014)."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="empty",
    what="landscapes and textures without a subject",
    origin="free wallpapers; Describable Textures (Cimpoi et al. 2014)",
    licence="free wallpapers; DTD: research set",
    fingerprints={
        "val": "02b65a9f0e1c1447977f203d25db6998f466b1fa25d3e924357851f4f4baa17b",
    },
)
