"""Measured difficulty of a whole data set, remembered on disk by the pictures' content."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import numpy as np

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.process.difficulty import Difficulty, measure
from tress_train.data.collection import file_hash
from tress_train.data.reading import Image, read_alpha, read_rgb

# Raised whenever a measure changes its meaning, so that remembered figures of old are not used.
VERSION = 1
SOFT_KNOWN = ("exact", "soft", "rgba")


def measure_label(image: Image, alpha: Image, edge: str, ignore_px: float) -> Difficulty:
    """Difficulty of a picture ``(H, W, 3)`` uint8 with its labelled alpha ``(H, W)`` uint8."""
    floats = np.asarray(alpha / np.float32(255), np.float32)
    return measure(image, floats, edge_error_px=ignore_px, soft_is_known=edge in SOFT_KNOWN)


def measure_all(records: Mapping[str, Record], cache: Path) -> dict[str, Difficulty]:
    """Measures every photo with an alpha; cut-outs, backgrounds and pictures without a subject are left out.

    Args:
        records: by key.
        cache: JSON lines of what has been measured; read if it is there, and appended to picture by picture, so that
            a stopped command goes on where it was.

    Raises:
        InputError: a picture cannot be read or its alpha has another size.
    """
    known = dict(_read_cache(cache))
    found: dict[str, Difficulty] = {}
    with _appending(cache) as file:
        for key, record in records.items():
            if record.alpha is None:
                continue
            content = file_hash(record)
            if content not in known:
                image, alpha = read_rgb(record.image), read_alpha(record.alpha)
                if image.shape[:2] != alpha.shape:
                    raise InputError("alpha_size", f"{record.alpha} does not have the size of its picture")
                known[content] = measure_label(image, alpha, record.edge, record.ignore_px)
                row = {"version": VERSION, "content": content, "key": key, **asdict(known[content])}
                file.write(json.dumps(row) + "\n")
            found[key] = known[content]
    return found


def _appending(cache: Path) -> TextIO:
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        return open(cache, "a", encoding="utf-8")
    except OSError as error:
        raise InputError("out_not_writable", f"cannot write {cache}: {error.strerror}") from error


def _read_cache(cache: Path) -> Iterable[tuple[str, Difficulty]]:
    if not cache.exists():
        return
    for line in cache.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
            if row.pop("version") == VERSION:
                content, _ = row.pop("content"), row.pop("key")
                yield content, Difficulty(**row)
        except (ValueError, KeyError, TypeError):
            # The last line of a command that was killed; it is measured again.
            continue
