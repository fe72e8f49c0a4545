"""Makes a data folder of a registered data set, out of git repositories that have its pictures.

Photos keep their stored bytes if these are what a training reads anyway: upright RGB JPEGs of at most 1024 px.  Alphas
are made of the labels of the data set itself; photos that have none wait in ``unlabelled.jsonl`` for a teacher.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib import resources
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from tress.errors import InputError
from tress.io.decode import decode
from tress.io.files import write_atomic
from tress.process.labels import UNKNOWN
from tress_train.data.clones import Clone, find_clone
from tress_train.data.collection import MANIFEST, UNLABELLED
from tress_train.data.prepare import ALPHA_END
from tress_train.data.reading import shrink, shrink_rgba
from tress_train.data.source import DataSource, Gathering, Repository
from tress_train.labels.distil import write_png
from tress_train.labels.keying import key_white
from tress_train.labels.outlines import alpha_of_contours, alpha_of_mask, alpha_of_trimap
from tress_train.labels.thin_keying import ThinSettings, key_thin

LISTS = resources.files("tress_train.data.sources") / "lists"
LONG_SIDE_PX = 1024
_QUALITY = 92
_ORIENTATION = 0x112
Row = dict[str, object]
Keyer = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]]


def listed(repository: Repository, *, waiting: bool) -> list[str]:
    """The pictures of a repository that are taken, or those that nobody has labelled yet, as paths in it."""
    return list(_lines(repository, ".unlabelled" if waiting else ""))


def _lines(repository: Repository, ending: str = "") -> dict[str, str]:
    """What a list says of every picture beside its path."""
    file = LISTS / f"{repository.list_name}{ending}.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    parts = (line.partition("\t") for line in lines)
    return {(PurePosixPath(repository.folder) / path).as_posix(): settings for path, _, settings in parts}


def checksum(repository: Repository, blobs: Mapping[str, str]) -> str:
    """SHA-256 over paths and contents of all listed pictures and their labels, labelled or not.

    Args:
        repository: says which.
        blobs: the hash that git has for every file, by path; one that is missing counts as such.
    """
    digest = hashlib.sha256()
    for path in listed(repository, waiting=False) + listed(repository, waiting=True):
        for file in (path, _label(repository, path)):
            digest.update(f"{file} {blobs.get(file, '')}\n".encode())
    return digest.hexdigest()


def gather(
    source: DataSource,
    clones: Sequence[Path],
    out: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    waiting: bool = False,
) -> int:
    """Writes the pictures of a data set and lists them in ``OUT/train/manifest.jsonl``, or ``OUT/unlabelled.jsonl``.

    What is there already is left as it is, so a stopped command goes on.  Other data sets in ``out`` stay.

    Args:
        source: the data set.
        clones: clones of its repositories, or folders that hold them.
        out: the data folder.
        progress: is told how many of how many are done.
        waiting: also take photos that nobody has labelled and looked at yet.

    Returns:
        How many pictures it has.

    Raises:
        InputError: it is not made of repositories, one of these is not there or has other files, or a label is damaged.
    """
    how = source.gathering
    if how is None:
        raise InputError("not_gathered", f"the data set {source.name} does not come from git repositories")
    found = [(repository, find_clone(repository.name, repository.commit, clones)) for repository in how.repositories]
    tasks = []
    for repository, clone in found:
        blobs = clone.blobs()
        _check(repository, blobs)
        paths = listed(repository, waiting=False) + (listed(repository, waiting=True) if waiting else [])
        tasks.append((repository, clone, blobs, paths))
    count, rows = sum(len(paths) for *_, paths in tasks), []
    for repository, clone, blobs, paths in tasks:
        settings = _lines(repository)
        with clone:
            for path in paths:
                keyer = _keyer(how, path, settings.get(path, ""))
                row = _Picture(source.name, how, repository, path, out / "train", keyer).write(clone, blobs)
                rows.append(row)
                if progress is not None:
                    progress(len(rows), count)
    if how.alpha == "teacher":
        rows = [{**row, "image": f"train/{row['image']}"} for row in rows]
        _list(out / UNLABELLED, source.name, rows)
    else:
        _list(out / "train" / MANIFEST, source.name, rows)
    return count


def _check(repository: Repository, blobs: Mapping[str, str]) -> None:
    """Raises InputError if the files at the commit are not those that the checksum was made of."""
    if checksum(repository, blobs) != repository.checksum:
        raise InputError(
            "clone_differs",
            f"the files of {repository.name} at {repository.commit[:12]} are not those that its list names",
            hint="the list or the checksum in tress_train/data/sources has been changed",
        )


def _keyer(how: Gathering, path: str, settings: str) -> Keyer | None:
    """What makes a cut-out of a photo, if its ground is what the alpha is made of.

    Raises:
        InputError: the list has no proper settings for the photo.
    """
    if how.alpha == "thin":
        try:
            return partial(key_thin, settings=ThinSettings(**json.loads(settings or "{}")))
        except (TypeError, ValueError) as error:
            raise InputError("list_malformed", f"the settings of {path} cannot be read: {error}") from error
    return key_white if how.alpha == "white" else None


class _Picture:
    """One picture of a data set, on its way from a clone into a data folder."""

    def __init__(
        self, name: str, how: Gathering, repository: Repository, path: str, folder: Path, keyer: Keyer | None
    ) -> None:
        self.how, self.path, self.folder, self.keyer = how, path, folder, keyer
        self.stem = folder / name / _expanded(repository, path, repository.key)
        self.label = _label(repository, path)
        self.row: Row = {"set": name, "kind": how.kind, "edge": how.edge, "ignore_px": how.ignore_px}

    def write(self, clone: Clone, blobs: Mapping[str, str]) -> Row:
        """Writes what is not there yet, and gives the manifest's line."""
        image = next((path for path in self._names() if path.exists()), None)
        alpha = self._beside(ALPHA_END) if self.label else None
        if image is None or (alpha is not None and not alpha.exists()):
            content = clone.read(blobs[self.path])
            if alpha is not None:
                write_png(alpha, self._alpha(clone.read(blobs[self.label]), content))
            image = self._write_image(content)
        row = {"image": image.relative_to(self.folder).as_posix(), **self.row}
        return row if alpha is None else {**row, "alpha": alpha.relative_to(self.folder).as_posix()}

    def _names(self) -> tuple[Path, Path]:
        return self._beside(".jpg"), self._beside(".webp")

    def _beside(self, ending: str) -> Path:
        # Keys may have dots of their own.
        return self.stem.with_name(self.stem.name + ending)

    def _write_image(self, content: bytes) -> Path:
        as_stored, anew = self._names()
        if self.keyer is None and _serves_as_stored(content):
            write_atomic(as_stored, content, overwrite=True)
            return as_stored
        pixels = decode(content).pixels
        if self.keyer is not None:
            pixels = shrink_rgba(self.keyer(pixels), LONG_SIDE_PX)
        # Coarser colours would bleed into what is a few pixels wide.
        lossless = self.how.alpha == "thin"
        encoded = io.BytesIO()
        image = Pillow.fromarray(shrink(pixels, LONG_SIDE_PX))
        image.save(encoded, "WEBP", quality=_QUALITY, lossless=lossless, exact=True)
        write_atomic(anew, encoded.getvalue(), overwrite=True)
        return anew

    def _alpha(self, label: bytes, content: bytes) -> npt.NDArray[np.uint8]:
        """The alpha in the size of the written picture."""
        width, height = Pillow.open(io.BytesIO(content)).size
        try:
            if self.how.alpha == "contours":
                alpha = alpha_of_contours(label, height, width)
            else:
                alpha = alpha_of_mask(label) if self.how.alpha == "mask" else alpha_of_trimap(label)
        except InputError as error:
            raise InputError(error.code, f"{self.label}: {error.message}") from error
        if alpha.shape != (height, width):
            raise InputError("alpha_size", f"{self.label} does not have the size of {self.path}")
        small = shrink(alpha, LONG_SIDE_PX)
        if self.how.edge == "unknown128":
            # What is neither subject nor ground alone is unknown.
            small = np.where((small == 0) | (small == 255), small, np.uint8(UNKNOWN))
        return small


def _serves_as_stored(content: bytes) -> bool:
    with Pillow.open(io.BytesIO(content)) as file:
        upright = file.getexif().get(_ORIENTATION, 1) == 1
        plain = file.format == "JPEG" and file.mode == "RGB" and "icc_profile" not in file.info
        return upright and plain and max(file.size) <= LONG_SIDE_PX


def _label(repository: Repository, path: str) -> str:
    return _expanded(repository, path, repository.label)


def _expanded(repository: Repository, path: str, template: str) -> str:
    """What the groups of the pairing rule make of a template.

    Raises:
        InputError: the rule does not hold for a listed picture.
    """
    match = re.fullmatch(repository.picture, path.removeprefix(f"{repository.folder}/"))
    if match is None:
        raise InputError("list_malformed", f"the pairing rule of {repository.name} does not match {path}")
    return match.expand(template)


def _list(path: Path, name: str, rows: Iterable[Row]) -> None:
    """Puts the lines of a data set into a manifest, in place of those it had; a manifest of nothing is no manifest."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    others = [line for line in lines if line.strip() and json.loads(line).get("set") != name]
    text = "".join(f"{line}\n" for line in [*others, *map(json.dumps, rows)])
    if text:
        write_atomic(path, text.encode(), overwrite=True)
