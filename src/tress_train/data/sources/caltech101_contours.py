"""Caltech-101 (Fei-Fei, Fergus and Perona 2004)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="caltech101-contours",
    what="21 kinds of animals and things at 300 px; outlines 2 to 3 px off, some drawings",
    origin="Caltech-101 (Fei-Fei, Fergus and Perona 2004)",
    licence="CC BY 4.0",
    free="open",
    fingerprints={
        "val": "3eff86d5392eb9e1fac9dd834453e0749e94644893a5b7f764bb1194eefdb55a",
    },
    gathering=Gathering(
        kind="mixed",
        edge="hard",
        ignore_px=3,
        alpha="contours",
        repositories=(
            Repository(
                name="jaimearroyo7/Animal_Recognition",
                commit="2549d3477280cd6414527142b7e3ee78b5c4a374",
                folder="imatges_animals",
                picture=r"(.+)/image_(.+)\.jpg",
                key=r"\1-\2",
                label=r"imatges_animals/\1/annotation_\2.mat",
                checksum="d4d5b183d53b3c354915dcdc4b1da691d2ccecc760ebca3e7e1973e55b89c245",
            ),
            Repository(
                name="lopezm94/Simple-Image-Classifier",
                commit="c1f14b555fa801247d7ef797b04eb776bc7033c9",
                folder="PrCategories_imatges",
                picture=r"(.+)/image_(.+)\.jpg",
                key=r"\1-\2",
                label=r"PrCategories_imatges/\1/annotation_\2.mat",
                checksum="89815bb9e0214304564448fa351540372e7ea6f6b4dc418d1bda77185c7cc179",
            ),
        ),
    ),
)
