"""human segmentation set of 290 pictures."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="humanseg290",
    what="people from close-up to groups; coarse masks",
    origin="human segmentation set of 290 pictures",
    licence="no licence stated",
    fingerprints={
        "val": "060ebc98a6a6507127e5a0b8a5c81262250f1d8c122172184db7c840f8dab835",
    },
    measuring_only=True,
)
