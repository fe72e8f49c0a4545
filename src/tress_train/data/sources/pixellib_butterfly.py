"""sample data of PixelLib."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="pixellib-butterfly",
    what="insects, small; polygon masks",
    origin="sample data of PixelLib",
    licence="MIT",
    free="open",
    fingerprints={
        "train": "1ad4ea14a85cb556e3e219875f62c1c5e2edeee0de267a7c623b9656332bfde9",
        "val": "5799b9e2d07101f8c42808e5e4b4bd6d60cc181134a8c9c252df850de2834d8d",
    },
)
