"""Magento 2 sample data: a shop's sample photos."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="luma-people",
    what="half-length people before white, 1080 to 1580 px, keyed: exact straight RGBA",
    origin="Magento 2 sample data: a shop's sample photos",
    licence="OSL 3.0 / AFL 3.0",
    free="open",
    fingerprints={
        "val": "53eb63a5e49ef0640f65109a214c22ae421fc9d881d4f249e6ce80bcaa30c66d",
    },
    gathering=Gathering(
        kind="people",
        edge="rgba",
        alpha="white",
        repositories=(
            Repository(
                name="magento/magento2-sample-data",
                commit="53807565ba9f23c9409268c02bb995cf39ef553d",
                folder="pub/media/catalog/product",
                picture=r"[^/]+/[^/]+/(.+)\.jpg",
                checksum="adaf903d6f21be1ff6985c9eed9a20a58ca7de00df55f5336cf5b344dd1ec0d4",
            ),
        ),
    ),
)
