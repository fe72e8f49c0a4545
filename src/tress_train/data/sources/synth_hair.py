"""made for this project."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="synth-hair",
    what="renders of hair, fur, knit, lace, plants and wire; exact straight RGBA",
    origin="made for this project",
    licence="Apache-2.0, as this project",
    free="open",
    fingerprints={
        "train": "949e6bcc99e209124522cfe12b86d31004cb7d751eba5b5103b90d61f5280cea",
    },
)
