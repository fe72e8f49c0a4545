"""feral cats segmentation data set."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="feral-cats",
    what="cats outdoors, often several; careful polygons; people in frame are not in the mask, some cats missed",
    origin="feral cats segmentation data set",
    licence='MIT repository; "Public Domain" on its card',
    free="open",
    fingerprints={
        "train": "b591d2b64de2dca05005f281fe299351f1001a24a8bdc11be4aa5ea15e5effa6",
        "val": "5ff34c7f96c83e576b11fe3f2dbe714eb62d8e198a0361e69b149372684bd157",
    },
)
