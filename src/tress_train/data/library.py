"""Everything a run trains on: read once before the first step, and kept in memory or read again when it is drawn."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.process.labels import Label, make_label
from tress_train.data.lists import MARK, read_lists
from tress_train.data.reading import read_alpha, read_rgb, read_rgba, shrink, shrink_rgba, trim_clear

_LISTED = 20
# A teacher that finds less than this has missed the subject: what has none is labelled `empty` or `background`.
_TEACHER_SEES = 0.004


@dataclass(frozen=True)
class Photo:
    """A decoded photo with its label; ``image`` is ``(H, W, 3)`` uint8 RGB."""

    key: str
    image: npt.NDArray[np.uint8]
    label: Label

    @property
    def shape(self) -> tuple[int, ...]:
        """``(H, W, 3)``."""
        return self.image.shape

    def decoded(self) -> Photo:
        """Itself: it is decoded."""
        return self


@dataclass(frozen=True)
class Picture:
    """A decoded cut-out ``(H, W, 4)`` uint8 with straight alpha, or a background ``(H, W, 3)`` uint8, in RGB.

    ``kind`` is as in its manifest.
    """

    key: str
    image: npt.NDArray[np.uint8]
    kind: str


@dataclass(frozen=True)
class FilePhoto:
    """A photo that stays in its files; every look at ``image`` or ``label`` reads them."""

    key: str
    record: Record
    max_side_px: int
    shape: tuple[int, ...]

    def decoded(self) -> Photo:
        """The photo with its label, as it was when the run began."""
        found = _load(self.key, self.record, self.max_side_px)
        assert isinstance(found, Photo)
        return found


@dataclass(frozen=True)
class FilePicture:
    """A cut-out or background that stays in its file; every look at ``image`` reads it."""

    key: str
    record: Record
    max_side_px: int

    @property
    def kind(self) -> str:
        """As in its manifest."""
        return self.record.kind

    @property
    def image(self) -> npt.NDArray[np.uint8]:
        """As of ``Picture``."""
        found = _load(self.key, self.record, self.max_side_px)
        assert isinstance(found, Picture)
        return found.image


AnyPhoto: TypeAlias = Photo | FilePhoto
AnyPicture: TypeAlias = Picture | FilePicture
_Loaded: TypeAlias = AnyPhoto | AnyPicture


@dataclass
class Library:
    """Photos and cut-outs by data set, backgrounds by kind.

    A list that was chosen by eye (``data.lists``) is a data set of its own as well, called ``@NAME``.
    ``empty`` holds those of the backgrounds that are pictures of the kind one works on, without a subject (edge
    ``empty``); ``dropped`` lists teacher's labels that say nothing, ``later`` the data sets that are only in later data
    folders.
    """

    photos: dict[str, list[AnyPhoto]] = field(default_factory=dict)
    cutouts: dict[str, list[AnyPicture]] = field(default_factory=dict)
    backgrounds: dict[str, list[AnyPicture]] = field(default_factory=dict)
    empty: list[AnyPicture] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    later: frozenset[str] = frozenset()


def load_library(
    records: Mapping[str, Record], max_side_px: int, looked_at: Iterable[Record] = (), *, in_memory: bool = True
) -> Library:
    """Decodes all pictures; larger ones are scaled down to ``max_side_px``.

    Args:
        records: the pictures to train on, by key.
        max_side_px: of a picture's long side.
        looked_at: pictures that are only scored: decoded and forgotten, so that damage shows now and not in the middle
            of a run.
        in_memory: keep what is decoded; else every picture is decoded again each time it is drawn.

    Raises:
        InputError: one or several pictures are damaged; the message lists them with what is wrong.
    """
    library = Library()
    damaged: list[str] = []
    others = list(looked_at)

    def load(key: str, record: Record) -> _Loaded | InputError | None:
        try:
            found = _load(key, record, max_side_px)
        except InputError as error:
            return error
        if in_memory or found is None:
            return found
        if isinstance(found, Photo):
            return FilePhoto(key, record, max_side_px, found.shape)
        return FilePicture(key, record, max_side_px)

    def look(record: Record) -> InputError | None:
        found = load("", record)
        return found if isinstance(found, InputError) else None

    keys = sorted(records)
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        # Every thread silences Pillow for itself, and the last one to end would leave the others' silence behind.
        warnings.simplefilter("ignore")
        for key, found in zip(keys, pool.map(load, keys, [records[key] for key in keys]), strict=True):
            if isinstance(found, InputError):
                damaged.append(found.message)
            else:
                _add(library, key, records[key], found)
        _add_lists(library)
        damaged += [error.message for error in pool.map(look, others) if error is not None]
    if damaged:
        more = f"\n  ... and {len(damaged) - _LISTED} more" if len(damaged) > _LISTED else ""
        raise InputError(
            "data_damaged",
            f"{len(damaged)} of {len(records) + len(others)} pictures cannot be used:\n  "
            + "\n  ".join(damaged[:_LISTED])
            + more,
            hint="repair or remove them and start again; what has been trained so far is kept",
        )
    return library


def _load(key: str, record: Record, max_side_px: int) -> Photo | Picture | None:
    """A picture as the library holds it; None if its label says nothing."""
    if record.edge == "rgba":
        # How large a cut-out is in a composite shall not depend on the margin it was saved with.
        cutout = shrink_rgba(trim_clear(read_rgba(record.image)), max_side_px)
        if not (cutout[..., 3] > 127).any():
            raise InputError("alpha_empty", f"{record.image} is transparent everywhere")
        return Picture(key, cutout, record.kind)
    if record.alpha is None:
        return Picture(key, shrink(read_rgb(record.image), max_side_px), record.kind)
    image, alpha = read_rgb(record.image), read_alpha(record.alpha)
    if alpha.shape != image.shape[:2]:
        raise InputError(
            "alpha_size",
            f"{record.alpha} is {alpha.shape[1]}x{alpha.shape[0]}, its picture {image.shape[1]}x{image.shape[0]}",
        )
    scale = min(1.0, max_side_px / max(alpha.shape))
    ignore_px = math.ceil(record.ignore_px * scale)
    label = make_label(shrink(alpha, max_side_px), record.edge, ignore_px)
    blind = record.edge == "teacher" and (alpha > 127).mean() < _TEACHER_SEES
    return None if label is None or blind else Photo(key, shrink(image, max_side_px), label)


def _add_lists(library: Library) -> None:
    for name, keys in read_lists().items():
        wanted = set(keys)

        def named(picture: AnyPhoto | AnyPicture, wanted: set[str] = wanted) -> bool:
            # Keys of a later folder begin with its name.
            return picture.key in wanted or picture.key.partition("/")[2] in wanted

        for kind in (library.photos, library.cutouts):
            found = [picture for pictures in kind.values() for picture in pictures if named(picture)]
            if found:
                kind[f"{MARK}{name}"] = found  # type: ignore[assignment]


def _add(library: Library, key: str, record: Record, found: _Loaded | None) -> None:
    if found is None:
        library.dropped.append(key)
    elif isinstance(found, AnyPhoto):
        library.photos.setdefault(record.set, []).append(found)
    elif record.edge == "rgba":
        library.cutouts.setdefault(record.set, []).append(found)
    else:
        library.backgrounds.setdefault(record.kind, []).append(found)
        if record.edge == "empty":
            library.empty.append(found)
