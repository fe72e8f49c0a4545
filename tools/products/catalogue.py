"""Models of things and people that others made: the furniture libraries of Sweet Home 3D, as files ``*.sh3f``.

Debian's package ``sweethome3d-furniture`` has five libraries of 820 models, all CC BY 3.0 or CC0, made by Scopia, Blend
Swap's authors, Kator Legaz and Reallusion.  A library is a ZIP of models in Wavefront OBJ and a table of properties.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

TABLE = "PluginFurnitureCatalog.properties"
# What nobody takes a picture of, or what has no outline of its own.
NO_SUBJECTS = frozenset({"Doors and windows", "Staircases"})
NO_SUBJECT_NAMES = re.compile(
    r"plug|socket|switch|dimmer|antenn|RJ-?45|stationnement|fleche|passage|swimming|parque|curtain|blinds"
    r"|column|sidewalk|escalator|rails$|entry-bell|hedge|bush|jacuzzi|radiator|shower|kitchen(Lower|Upper|Small|Sink)",
    re.IGNORECASE,
)
# Other characters are animals.
PEOPLE = ("Characters", re.compile(r"human|female|mannequin|man\b|male\b", re.IGNORECASE))
# Thinner than this share of their longest side: paint on the ground.
THINNEST = 0.004
# Larger files take longer to read than to render.
LARGEST_BYTES = 16_000_000


@dataclass(frozen=True)
class Model:
    """One entry of a library.

    Attributes:
        library: its file.
        path: of the OBJ file inside.
        size_cm: width, depth and height that the model is stretched to.
        turn: ``(3, 3)``, turns the model before that; y points up, z to who looks at it.
        person: whether it is one.
    """

    library: Path
    path: PurePosixPath
    size_cm: tuple[float, float, float]
    turn: npt.NDArray[np.float64]
    person: bool

    def extract(self, folder: Path) -> Path:
        """Unpacks the model with its textures.

        Returns:
            The path of its OBJ file below ``folder``.
        """
        with zipfile.ZipFile(self.library) as archive:
            beside = f"{self.path.parent}/"
            archive.extractall(folder, [name for name in archive.namelist() if name.startswith(beside)])
        return folder / self.path


def read_catalogue(folder: Path) -> list[Model]:
    """All models of the libraries in a folder that make a subject, always in the same order."""
    return [model for library in sorted(folder.glob("*.sh3f")) for model in read_library(library)]


def read_library(library: Path) -> list[Model]:
    """The models of a library that make a subject."""
    with zipfile.ZipFile(library) as archive:
        # Properties are Latin-1 by their definition.
        text = archive.read(TABLE).decode("latin-1")
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    entries: dict[int, dict[str, str]] = {}
    for key, number, value in re.findall(r"^(\w+)#(\d+)=(.*?)\s*$", text, re.MULTILINE):
        entries.setdefault(int(number), {})[key] = value
    models = []
    for _, entry in sorted(entries.items()):
        path = PurePosixPath(entry["model"].lstrip("/"))
        size = (float(entry["width"]), float(entry["depth"]), float(entry["height"]))
        if entry["category"] in NO_SUBJECTS or NO_SUBJECT_NAMES.search(path.stem):
            continue
        if path.suffix != ".obj" or sizes.get(str(path), LARGEST_BYTES) >= LARGEST_BYTES:
            continue
        if min(size) < THINNEST * max(size):
            continue
        turn = np.array(entry.get("modelRotation", "1 0 0 0 1 0 0 0 1").split(), float).reshape(3, 3)
        said = f"{path.stem} {entry['name']} {entry.get('tags', '')}"
        person = entry["category"] == PEOPLE[0] and PEOPLE[1].search(said) is not None
        models.append(Model(library, path, size, turn, person))
    return models
