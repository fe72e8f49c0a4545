"""sample pictures of the P3M, GFM and AIM repositories."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="pseudo-p3m-gfm-aim",
    what="portraits and animals; alpha published as the output of P3M-Net, GFM and AIM-Net",
    origin="sample pictures of the P3M, GFM and AIM repositories",
    licence="MIT repositories",
    fingerprints={
        "val": "a1b8ad80417fb380a5eb0c62c73e9d6efe9bb977360f4d1ada2ce45028042184",
    },
    measuring_only=True,
)
