"""The manifest format: one line of JSON a picture, with how far its alpha can be trusted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from tress.errors import InputError
from tress.process.labels import Edge

_FIELDS = {"image", "alpha", "set", "kind", "edge", "ignore_px"}


@dataclass(frozen=True)
class Record:
    """One picture of a data set.

    Attributes:
        image: the picture's file.
        alpha: the file of its alpha, 8 bit, same size; None for cut-outs (in their own fourth channel), backgrounds
            and pictures without a subject.
        set: name of the data set.
        kind: people, animals, objects, mixed, hair, background, plain, room or empty.
        edge: how far the alpha can be trusted, see ``tress.process.labels``.
        ignore_px: width of the band at a hard edge that says nothing, in pixels of this picture.
    """

    image: Path
    alpha: Path | None
    set: str
    kind: str
    edge: Edge
    ignore_px: int


def read_manifest(path: Path, *, labelled: bool = True) -> list[Record]:
    """Reads ``manifest.jsonl``; file names in it are relative to its folder.

    Args:
        path: the file.
        labelled: whether photos must have an alpha.

    Raises:
        InputError: the file is missing, empty, or a line does not have the format; the message names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError("manifest_unreadable", f"cannot read {path}: {error.strerror}") from error
    records = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if unknown := set(row) - _FIELDS:
                raise ValueError(f"unknown fields {sorted(unknown)}")
            if row["edge"] not in get_args(Edge):
                raise ValueError(f"edge {row['edge']!r} is none of {', '.join(get_args(Edge))}")
            alpha = path.parent / row["alpha"] if row.get("alpha") else None
            if labelled and alpha is None and row["edge"] not in ("rgba", "background", "empty"):
                raise ValueError(f"edge {row['edge']!r} needs an alpha")
            records.append(
                Record(path.parent / row["image"], alpha, row["set"], row["kind"], row["edge"], int(row["ignore_px"]))
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError("manifest_malformed", f"{path}, line {number}: {error}") from error
    if not records:
        raise InputError("manifest_empty", f"{path} lists no pictures")
    return records
