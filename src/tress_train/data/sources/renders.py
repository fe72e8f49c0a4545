"""made for this project."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="renders",
    what="more renders like those of synth-hair, by seed (see the training log); exact straight RGBA",
    origin="made for this project",
    licence="Apache-2.0, as this project",
    free="open",
    fingerprints={
        "train": "e5ac4f715ddc52f3c627260448a8fa799d1dcdb6093d0f4dc293750cdb1ca673",
    },
)
