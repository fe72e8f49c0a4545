"""made for this project."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="screens",
    what="drawn monitors, laptops, telephones and frames that show a photo, by seed (tools/screens.py); exact alpha",
    origin="made for this project; they show photos of the sets that are given",
    licence="Apache-2.0, as this project; of what they show: as of those sets",
)
