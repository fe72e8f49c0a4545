"""Pictures without a subject: the parts of photos beside their labelled subject.

A data set shows many subjects and few places without one, so a network learns that there always is one.  Beside
most of them there is a street, a wall, a meadow, which the label calls nothing.

Labels are of the main subject, though: a bystander or a flower beside it is a subject of its own as soon as it is
alone.  So the parts in which tress finds something are drawn, and a person says what they are.

The pictures that gates look at are left out.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.evaluation.predictors import Predictor
from tress.io.files import write_atomic
from tress_train.data.collection import MANIFEST
from tress_train.data.gates import read_gates, source_keys
from tress_train.data.overlap import SAME_PHOTO
from tress_train.data.sources import PART
from tress_train.labels.curating import CHOICES, NO_SUBJECT, NONE_RIGHT, OPEN, Choice
from tress_train.labels.cutting import read_labelled
from tress_train.labels.distil import write_png, write_rows
from tress_train.scoring.contact_sheet import sheet, tile

Image = npt.NDArray[np.uint8]
# An alpha up to this is nothing.
NOTHING = 7
# Mean alpha above which a person is asked.
FOUND = 0.01
# Shorter side of a part, in pixels of the photo as ``read_labelled`` gives it.
SMALLEST_PX = 96
TILES_A_SHEET = 30


def cut_parts(
    records: Mapping[str, Record],
    predictor: Predictor,
    out: Path,
    choices: Mapping[str, Choice] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Path, int]:
    """Writes the part of every photo beside its subject as a data folder of its own, ``OUT/manifest.jsonl``.

    Args:
        records: pictures by key; those without a label are left out.
        predictor: finds what else might be a subject.
        out: the folder.  Without ``choices`` it must hold neither a manifest nor a list of choices.
        choices: per key `NO_SUBJECT` or `NONE_RIGHT`, as ``read_choices`` reads them.  Without them, parts in which the
            predictor finds something are drawn into ``OUT/sheets`` and listed in ``OUT/choices.txt``, and left out.
        progress: is told how many of how many are done.

    Returns:
        The manifest, and in how many parts something was found that ``choices`` do not name; these are left out.

    Raises:
        InputError: no photo has such a part, a picture is damaged, there is a manifest or list already, or a choice is
            open, means nothing or names no photo of the data.
    """
    listed = out / CHOICES
    _check(out, listed, choices)
    frozen = source_keys(read_gates()) | set(SAME_PHOTO)
    photos = {k: r for k, r in records.items() if r.alpha is not None and r.edge != "rgba" and k not in frozen}
    said = {key: choice.letter == NO_SUBJECT for key, choice in (choices or {}).items()}
    if unknown := sorted(said.keys() - photos.keys()):
        raise InputError(
            "key_unknown",
            f"{unknown[0]} is no photo of the data that may be cut up",
            hint="take its line out of the list",
        )
    rows, asked, tiles = [], [], []
    for done, (key, record) in enumerate(sorted(photos.items())):
        part = beside_subject(record)
        if part is not None:
            empty = said.get(key)
            if empty is None:
                empty = float(predictor.predict(key, part).alpha.mean()) <= FOUND
                if not empty:
                    asked.append(key)
                    tiles.append(tile(f"{len(asked)} {key[-24:]}", [part]))
            if empty:
                rows.append(_write(key, record, part, out))
        if progress is not None:
            progress(done + 1, len(photos))
    if not rows and not asked:
        raise InputError(
            "no_parts",
            f"of {len(photos)} photos with a label none has a part without the subject",
            hint=f"between the subject and a side of the frame, {SMALLEST_PX} px must be free",
        )
    if choices is None and asked:
        for first in range(0, len(tiles), TILES_A_SHEET):
            drawn = sheet(tiles[first : first + TILES_A_SHEET])
            write_png(out / "sheets" / f"{first + 1:05d}.png", np.ascontiguousarray(drawn[..., ::-1]))
        write_atomic(listed, "".join(f"{key} {OPEN}\n" for key in asked).encode(), overwrite=False)
    return write_rows(rows, out), len(asked)


def _check(out: Path, listed: Path, choices: Mapping[str, Choice] | None) -> None:
    if choices is None:
        for path in (out / MANIFEST, listed):
            if path.exists():
                raise InputError(
                    "output_exists", f"{path} is there already", hint=f"name another folder, or give --choices {listed}"
                )
        return
    for key, choice in choices.items():
        if choice.letter not in (NO_SUBJECT, NONE_RIGHT) or choice.outlines:
            raise InputError(
                "choice_unknown",
                f"{key} is neither {NO_SUBJECT} nor {NONE_RIGHT}",
                hint=f"put {NO_SUBJECT} behind a part without a subject, {NONE_RIGHT} behind one with",
            )


def beside_subject(record: Record) -> Image | None:
    """The largest part between one side of the frame and the subject, over the whole of that side.

    Args:
        record: a photo with a label.

    Returns:
        ``(h, w, 3)`` uint8; None if all of them are narrow, or the label says nothing.

    Raises:
        InputError: a file is damaged, or the label does not have the size of its picture.
    """
    image, label = read_labelled(record)
    if label is None:
        return None
    free = (label.alpha <= NOTHING) & (label.where > 0)
    if free.all():
        # Without a subject there is nothing to be beside of: such a label has more likely missed it.
        return None
    height, width = free.shape
    top, left = _free_rows(free), _free_rows(free.T)
    bottom, right = height - _free_rows(free[::-1]), width - _free_rows(free.T[::-1])
    parts = [image[:top], image[bottom:], image[:, :left], image[:, right:]]
    wide = [part for part in parts if min(part.shape[:2]) >= SMALLEST_PX]
    return np.ascontiguousarray(max(wide, key=lambda part: part.size)) if wide else None


def _free_rows(free: npt.NDArray[np.bool_]) -> int:
    """How many rows are true before the first that is not throughout, of which there is one."""
    return int(np.argmin(np.all(free, axis=1)))


def _write(key: str, record: Record, part: Image, out: Path) -> dict[str, object]:
    path = out / "parts" / record.set / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.png"
    write_png(path, np.ascontiguousarray(part[..., ::-1]))
    return {
        "image": os.path.relpath(path, out),
        "set": record.set + PART,
        "kind": "empty",
        "edge": "empty",
        "ignore_px": 0,
    }
