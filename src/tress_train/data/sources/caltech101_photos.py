"""Caltech-101 (Fei-Fei, Fergus and Perona 2004)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="caltech101-photos",
    what="about 90 kinds of things and animals at 300 px, a few drawings; alpha by a teacher network",
    origin="Caltech-101 (Fei-Fei, Fergus and Perona 2004)",
    licence="CC BY 4.0",
    free="open",
    gathering=Gathering(
        kind="mixed",
        edge="teacher",
        alpha="teacher",
        repositories=(
            Repository(
                name="MachineLearning2020/Homework2-Caltech101",
                commit="836044dd000296b2bb74d0aa4b4e462e459b01d7",
                folder="101_ObjectCategories",
                picture=r"(.+)/image_(.+)\.jpg",
                key=r"\1-\2",
                checksum="d2d1f17d3d0c771eaa1074a2ef35dc2a8e518257f9d5e400204355d06e2f79cc",
            ),
        ),
    ),
)
