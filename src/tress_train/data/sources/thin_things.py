"""Caltech-101 (Fei-Fei, Fergus and Perona 2004)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="thin-things",
    what="chairs, lamps, insects, instruments and other thin things before white at 300 px, keyed: straight RGBA",
    origin="Caltech-101 (Fei-Fei, Fergus and Perona 2004)",
    licence="CC BY 4.0",
    free="open",
    gathering=Gathering(
        kind="objects",
        edge="rgba",
        alpha="thin",
        repositories=(
            Repository(
                name="MachineLearning2020/Homework2-Caltech101",
                commit="836044dd000296b2bb74d0aa4b4e462e459b01d7",
                folder="101_ObjectCategories",
                picture=r"(.+)/image_(.+)\.jpg",
                key=r"\1-\2",
                listed_as="thin-things",
                checksum="233a70ca2e179bbbced9d08a46adc6de7a8ee8b70187869ff1094a779645867b",
            ),
        ),
    ),
)
