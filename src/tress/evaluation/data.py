"""A data set on disk: which pictures there are, and the truth about each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tress.arrays import Rgb8, check_same_size
from tress.errors import InputError
from tress.evaluation.alpha_file import read_alpha
from tress.evaluation.manifest import Record, read_manifest
from tress.io.decode import decode
from tress.process.labels import Edge, Label, make_label

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".heic"}
_FOLDERS = (("image", "alpha"), ("images", "alphas"))


@dataclass(frozen=True)
class Problem:
    """Something that could not be scored.

    Attributes:
        picture: name of the picture; empty if a whole model is meant.
        model: name of the model; empty if the data is to blame.
        code: stable name of what happened.
        message: what happened, in words.
        expected: the protocol leaves such pictures out; nothing is wrong.
    """

    picture: str
    model: str
    code: str
    message: str
    expected: bool = False


@dataclass(frozen=True)
class DataSet:
    """The pictures of a data set; ``names`` are their paths below ``root``, unique and in the order of ``records``."""

    root: Path
    records: list[Record]
    problems: list[Problem] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Every record's name."""
        return [picture_name(record, self.root) for record in self.records]


@dataclass(frozen=True, eq=False)
class Truth:
    """A picture, ``(H, W, 3)`` uint8, and what is known about its alpha."""

    image: Rgb8
    label: Label


class LeftOut(Exception):
    """The protocol has no score for this picture; ``code`` and the message say why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def picture_name(record: Record, root: Path) -> str:
    """Path of the picture below the data set's folder, with forward slashes."""
    return record.image.relative_to(root).as_posix()


def read_data(path: Path, *, edge: Edge = "exact") -> DataSet:
    """Finds the pictures of a data set.

    Args:
        path: a ``manifest.jsonl``, a folder with one, or a folder with ``image`` and ``alpha`` folders whose files have
            the same names but for the suffix.
        edge: grade of plain folders' alphas.

    Raises:
        InputError: there is no data set, its manifest is malformed, or it lists a picture twice.
    """
    if path.is_file():
        data = DataSet(path.parent, read_manifest(path))
    elif (path / "manifest.jsonl").is_file():
        data = DataSet(path, read_manifest(path / "manifest.jsonl"))
    else:
        data = _read_folders(path, edge)
    seen: set[str] = set()
    for name in data.names:
        if name in seen:
            raise InputError("picture_twice", f"the data set lists {name} twice")
        seen.add(name)
    return data


def _read_folders(path: Path, edge: Edge) -> DataSet:
    for image_name, alpha_name in _FOLDERS:
        images, alphas = path / image_name, path / alpha_name
        if images.is_dir() and alphas.is_dir():
            break
    else:
        raise InputError(
            "data_not_found",
            f"{path} is no data set",
            hint="give a folder with manifest.jsonl, or with the folders `image` and `alpha`",
        )
    by_stem = {
        file.relative_to(alphas).with_suffix(""): file for file in sorted(alphas.rglob("*")) if _is_picture(file)
    }
    records, problems = [], []
    for file in sorted(file for file in images.rglob("*") if _is_picture(file)):
        alpha = by_stem.get(file.relative_to(images).with_suffix(""))
        if alpha is None:
            name = file.relative_to(path).as_posix()
            problems.append(Problem(name, "", "alpha_missing", f"there is no alpha for {name} in {alphas}"))
        else:
            records.append(Record(file, alpha, path.resolve().name, "mixed", edge, 0))
    if not records:
        raise InputError("data_empty", f"no picture of {images} has an alpha in {alphas}")
    return DataSet(path, records, problems)


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in _SUFFIXES and file.is_file()


def read_truth(record: Record) -> Truth:
    """Decodes a picture and judges its alpha by its grade.

    Raises:
        InputError: a file is missing or cannot be read, or the two sizes differ.
        LeftOut: the grade allows no score.
    """
    if record.edge in ("rgba", "background"):
        raise LeftOut("edge_not_scored", f"{record.edge} pictures are for composing, they are not photos with a truth")
    image = decode(record.image).pixels
    if record.alpha is None:
        alpha = np.zeros(image.shape[:2], np.uint8)
    else:
        alpha = np.rint(read_alpha(record.alpha).alpha * 255).astype(np.uint8)
    check_same_size(alpha, image, ("the alpha", "its picture"))
    label = make_label(alpha, record.edge, record.ignore_px)
    if label is None:
        raise LeftOut("teacher_unsure", "the teacher that made this alpha was mostly unsure")
    return Truth(image, label)
