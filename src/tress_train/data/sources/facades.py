"""building-facades-advertising-dataset."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="facades",
    what="fronts of houses and shops, 1280 px, sorted by eye",
    origin="building-facades-advertising-dataset",
    licence="CC0 1.0",
    free="open",
    gathering=Gathering(
        kind="room",
        edge="background",
        repositories=(
            Repository(
                name="Urban-Research-Lab/building-facades-advertising-dataset",
                commit="9782a3e7b6fc5bf830e4f46ef3cdfd0e5ad426b2",
                folder="FacadeDatasetConverted/images",
                picture=r".+/(.+)\.jpg",
                checksum="435ecc03eb83889e3104f05fcefbfe9453af68d7e33c9a66067a81222fb87cbe",
            ),
        ),
    ),
)
