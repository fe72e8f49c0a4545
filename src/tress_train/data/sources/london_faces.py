"""Face Research Lab London Set (DeBruine and Jones 2017)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="london-faces",
    what="head and shoulders on light grey, 1350 px, single hairs; alpha by a teacher network",
    origin="Face Research Lab London Set (DeBruine and Jones 2017)",
    licence="CC BY 4.0",
    free="open",
    gathering=Gathering(
        kind="people",
        edge="teacher",
        alpha="teacher",
        repositories=(
            Repository(
                name="debruine/webmorphR.stim",
                commit="fa8b78fda2d659bb74ce62fcd99c4407551d2a77",
                folder="inst",
                picture=r"(.+)/(.+)\.jpg",
                key=r"\1-\2",
                checksum="638de29217978d9b9787976a0aa38760c19e8c656640319279db684b479705c4",
            ),
        ),
    ),
)
