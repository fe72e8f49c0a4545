"""DAVIS 2016 (Perazzi et al.)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="davis2016",
    what="frames of videos, 854x480: people in sport, animals, vehicles; careful masks of the main moving thing",
    origin="DAVIS 2016 (Perazzi et al.)",
    licence="published research set; both 'CC Attribution 4.0' and 'CC BY-NC 4.0' are stated",
    fingerprints={
        "val": "4d25e3b40a26277632d432a72a72af748ffb18334a1434634752941bf86b305c",
    },
    gathering=Gathering(
        kind="mixed",
        edge="hard",
        ignore_px=2,
        alpha="mask",
        repositories=(
            Repository(
                name="xmican10/KNN-project",
                commit="b68d5dca80efb569e02063e4ea8fd401c3d3efa5",
                folder="DAVIS/JPEGImages/480p",
                picture=r"(.+)/(.+)\.jpg",
                key=r"\1-\2",
                label=r"DAVIS/Annotations/480p/\1/\2.png",
                checksum="7a161ec3f213f3119fb6f0d9445440ffa73945996350fb1fb64fc710a884a2fd",
            ),
        ),
    ),
)
