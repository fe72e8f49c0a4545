"""street-fashion photos with mattes."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="fashion-people",
    what="people in the street, full body, with bags, fur and hair; good soft alpha of unknown origin",
    origin="street-fashion photos with mattes",
    licence="photos: an Apache-2.0 file in their repository; mattes: no licence stated",
    fingerprints={
        "val": "3cd12576cdb45eb8b73c6c5709497a078d6af504db6731f2c4a9e6de642192c5",
    },
    measuring_only=True,
)
