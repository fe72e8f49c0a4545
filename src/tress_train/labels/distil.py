"""Distillation: a teacher labels pictures once, a student learns from the labels where the teacher is sure.

Labels are kept on disk by the content of picture and teacher, each written atomically, so a stopped command goes on
where it was, and another teacher never mixes in.  The manifest grades them ``teacher``, so the losses count them only
where the teacher is sure and drop those that are mostly unsure.

A teacher can also **mend** rough masks made by people: they keep the say, the teacher draws the edge inside the band
that says nothing.  The pictures that gates look at are never labelled.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tress.errors import InputError
from tress.evaluation.manifest import Record, read_manifest
from tress.io.files import write_atomic
from tress.process.labels import make_label
from tress_train.data.collection import MANIFEST, UNLABELLED, read_collection
from tress_train.data.gates import read_gates, source_keys
from tress_train.data.prepare import unlabelled
from tress_train.data.reading import read_alpha, read_rgb

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Label = Callable[[Image], Image]
# A teacher that agrees less with the known part of a mask (IoU) saw something else than the person who made it.
AGREES = 0.9


def distil(
    records: Mapping[str, Record],
    teacher: Label,
    teacher_content: str,
    out: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    mend: bool = False,
) -> Path:
    """Labels every picture and writes ``OUT/manifest.jsonl``, a data folder of its own.

    Args:
        records: pictures by key; cut-outs and pictures known to have no subject are left out.
        teacher: ``(H, W, 3)`` uint8 RGB to ``(H, W)`` uint8.
        teacher_content: hash of the teacher, part of every label's name.
        out: the folder.
        progress: is told how many of how many are done.
        mend: see ``mended``; only ``hard`` masks with a band are labelled, and those left out that the teacher sees
            otherwise.

    Raises:
        InputError: there is nothing to label, a picture is damaged, or a label cannot be written
            (those made so far are kept).
    """
    frozen = source_keys(read_gates())
    wanted = {
        key: r
        for key, r in records.items()
        if key not in frozen and (is_rough(r) if mend else r.edge not in ("rgba", "background", "empty"))
    }
    if not wanted:
        raise InputError(
            "no_samples", "there is no picture to label", hint="pictures that have a label need --relabel or --mend"
        )
    labels = out / "labels" / teacher_content[:16]
    rows = []
    for done, (_, record) in enumerate(sorted(wanted.items())):
        path = labels / f"{hashlib.sha256(record.image.read_bytes()).hexdigest()}.png"
        if not _is_whole(path):
            write_png(path, teacher(read_rgb(record.image)))
        if progress is not None:
            progress(done + 1, len(wanted))
        if mend:
            found = mended(record, read_alpha(path))
            if found is None:
                continue
            path = out / "mended" / teacher_content[:16] / path.name
            write_png(path, found)
        rows.append(teacher_row(record, path, out))
    if not rows:
        raise InputError("teacher_disagrees", "the teacher agrees with none of the masks, so there is nothing to mend")
    return write_rows(rows, out)


def read_pictures(folders: Sequence[Path], out: Path) -> dict[str, Record]:
    """The training pictures of data folders by key, and the photos of folders of one's own that have no label.

    Args:
        folders: as for ``read_collection``; one without a manifest is a plain folder of photos, unless
            ``unlabelled.jsonl`` says what its photos are.
        out: where labels are written; what lies there is no photo.

    Raises:
        InputError: a folder is missing, a manifest malformed, or a picture damaged.
    """
    described = [folder for folder in folders if any((folder / part / MANIFEST).exists() for part in ("", "train"))]
    found = read_collection(described).train if described else {}
    present = {record.image.resolve() for record in found.values()}
    for folder in folders:
        waiting = folder / UNLABELLED
        if waiting.exists() or not (folder / "train" / MANIFEST).exists():
            new = _waiting(waiting) if waiting.exists() else unlabelled(folder, out)
            found |= {key: record for key, record in new.items() if record.image.resolve() not in present}
    return found


def _waiting(path: Path) -> dict[str, Record]:
    records = read_manifest(path, labelled=False)
    return {record.image.relative_to(path.parent).as_posix(): record for record in records}


def teacher_row(record: Record, label: Path, out: Path) -> dict[str, object]:
    """The row of a manifest in ``out`` that gives a picture a teacher's label."""
    return {
        "image": os.path.relpath(record.image, out),
        "alpha": os.path.relpath(label, out),
        "set": record.set,
        "kind": record.kind,
        "edge": "teacher",
        "ignore_px": 0,
    }


def write_rows(rows: Sequence[Mapping[str, object]], out: Path) -> Path:
    """Writes the manifest of a folder of labels and gives its path."""
    write_atomic(out / MANIFEST, "".join(json.dumps(row) + "\n" for row in rows).encode(), overwrite=True)
    return out / MANIFEST


def write_png(path: Path, image: Image) -> None:
    """Writes a grey or BGR picture, whole or not at all."""
    _, png = cv2.imencode(".png", image)
    write_atomic(path, png.tobytes(), overwrite=True)


def agree(first: Mask, second: Mask, share: float) -> bool:
    """Whether the IoU of two masks is at least ``share``; two empty ones agree."""
    return bool((first & second).sum() >= share * (first | second).sum())


def is_rough(record: Record) -> bool:
    """Whether a label is a mask with a band along its edge that says nothing."""
    return record.edge == "hard" and record.ignore_px > 0 and record.alpha is not None


def mended(record: Record, taught: Image) -> Image | None:
    """A rough mask whose band is filled in by a teacher; None if the teacher sees something else.

    Args:
        record: see ``is_rough``.
        taught: the teacher's alpha of the picture, ``(H, W)`` uint8.
    """
    assert record.alpha is not None
    mask = make_label(read_alpha(record.alpha), "hard", record.ignore_px)
    assert mask is not None
    if mask.alpha.shape != taught.shape:
        raise InputError("alpha_size", f"{record.alpha} does not have the size of its picture")
    known, true, told = mask.where > 0, mask.alpha > 127, taught > 127
    if not (known & (true | told)).any() or not agree(known & true, known & told, AGREES):
        return None
    return np.where(known, mask.alpha, taught)


def _is_whole(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        read_alpha(path)
    except InputError:
        return False
    return True
