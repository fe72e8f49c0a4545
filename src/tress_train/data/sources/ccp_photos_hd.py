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
                checksum="d92b7f9b87b5326f7cec0f762ecead0555930dd31f029119d929519a12671136",
            ),
        ),
    ),
)
