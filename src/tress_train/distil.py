"""Distillation: a teacher labels pictures once, a student learns from the labels where the teacher is sure.

Labels are kept on disk by the content of picture and teacher, each written atomically, so a stopped command goes on
where it was, and another teacher never mixes in.  The manifest grades them ``teacher``, so the losses count them only
where the teacher is sure and drop those that are mostly unsure.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.io.files import write_atomic
from tress_train.data.collection import MANIFEST
from tress_train.data.reading import read_alpha, read_rgb

Label = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]]


def distil(
    records: Mapping[str, Record],
    teacher: Label,
    teacher_content: str,
    out: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Labels every picture and writes ``OUT/manifest.jsonl``, a data folder of its own.

    Args:
        records: pictures by key; cut-outs and pictures known to have no subject are left out.
        teacher: ``(H, W, 3)`` uint8 RGB to ``(H, W)`` uint8.
        teacher_content: hash of the teacher, part of every label's name.
        out: the folder.
        progress: is told how many of how many are done.

    Raises:
        InputError: there is nothing to label, a picture is damaged, or a label cannot be written
            (those made so far are kept).
    """
    wanted = {key: r for key, r in records.items() if r.edge not in ("rgba", "background", "empty")}
    if not wanted:
        raise InputError("no_samples", "there is no picture to label")
    labels = out / "labels" / teacher_content[:16]
    rows = []
    for done, (_, record) in enumerate(sorted(wanted.items())):
        path = labels / f"{hashlib.sha256(record.image.read_bytes()).hexdigest()}.png"
        if not _is_whole(path):
            _, png = cv2.imencode(".png", teacher(read_rgb(record.image)))
            write_atomic(path, png.tobytes(), overwrite=True)
        rows.append(
            {
                "image": os.path.relpath(record.image, out),
                "alpha": os.path.relpath(path, out),
                "set": record.set,
                "kind": record.kind,
                "edge": "teacher",
                "ignore_px": 0,
            }
        )
        if progress is not None:
            progress(done + 1, len(wanted))
    write_atomic(out / MANIFEST, "".join(json.dumps(row) + "\n" for row in rows).encode(), overwrite=True)
    return out / MANIFEST


def _is_whole(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        read_alpha(path)
    except InputError:
        return False
    return True
