"""OSIE (Xu et al. 2014)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="osie-scenes",
    what="everyday scenes of 800x600 px with several things, screens, food, children; alpha by a teacher network",
    origin="OSIE (Xu et al. 2014)",
    licence="MIT repository",
    free="open",
    gathering=Gathering(
        kind="mixed",
        edge="teacher",
        alpha="teacher",
        repositories=(
            Repository(
                name="NUS-VIP/predicting-human-gaze-beyond-pixels",
                commit="4a467890fcb40a2fec04cdded552760942bac7a4",
                folder="data/stimuli",
                picture=r"(.+)\.jpg",
                checksum="f5939102f7793eff5d02e0201a41087299716500f7bf91c1802f301c1f75ffc1",
            ),
        ),
    ),
)
