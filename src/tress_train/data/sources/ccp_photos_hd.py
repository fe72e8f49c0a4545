"""Clothing Co-Parsing (Yang, Luo and Lin 2014)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="ccp-photos-hd",
    what="people in the street, 830 px, other photos than those of the validation; alpha by a teacher network",
    origin="Clothing Co-Parsing (Yang, Luo and Lin 2014)",
    licence="research set; an Apache-2.0 file in its repository",
    gathering=Gathering(
        kind="people",
        edge="teacher",
        alpha="teacher",
        repositories=(
            Repository(
                name="bearpaw/clothing-co-parsing",
                commit="fe34fb77721a9973fbae92c05f7f12b664d10110",
                folder="photos",
                picture=r"(.+)\.jpg",
                checksum="c0fad1ea3d97c8ddf2e3539b72eabfc0bbedbb98b06ceb0a21ecd9043b5479ec",
            ),
        ),
    ),
)
