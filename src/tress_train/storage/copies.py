"""Local copies of what lies under a URL: files of weights, runs, and data folders."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tress.errors import InputError
from tress.io.files import write_atomic
from tress_train.storage.places import Place, filesystem, is_url, join, last_name, read_bytes, reporting
from tress_train.storage.versions import Versions

_KNOWN = ".copied.json"
# What tells one state of a file from another, as the file systems call it.
_STATES = ("etag", "ETag", "crc32c", "md5Hash", "content_md5", "mtime", "LastModified", "last_modified", "created")


def cache_folder() -> Path:
    """Where copies are kept: ``$TRESS_CACHE`` or ``~/.cache/tress``."""
    return Path(os.environ.get("TRESS_CACHE") or Path.home() / ".cache/tress") / "copies"


def local_file(place: Place) -> Path:
    """A local path as it is; of a URL a copy of the file, fetched anew.

    Raises:
        InputError: it is missing.
        StorageError: it cannot be read.
    """
    if not is_url(place):
        return Path(place)
    path = _folder_of(str(place)) / last_name(place)
    write_atomic(path, read_bytes(place), overwrite=True)
    return path


def local_run(place: Place) -> Path:
    """A local run's folder as it is; of a URL a copy of its newest whole version, in a new temporary folder.

    Raises:
        InputError: no run is there.
        StorageError: it cannot be read, or no version is whole.
    """
    if not is_url(place):
        return Path(place)
    folder = Path(tempfile.mkdtemp(prefix="tress-run-")) / last_name(place)
    if not Versions(str(place)).pull(folder):
        raise InputError("record_missing", f"{place} holds no record of a training run")
    return folder


def local_folder(url: str) -> Path:
    """A copy of a folder of data; only what has changed since the last time is fetched.

    It keeps the folder's name, with which the keys of its pictures begin.

    Raises:
        InputError: there is no such folder.
        StorageError: it cannot be read.
    """
    fs, root = filesystem(url)
    folder = _folder_of(url) / last_name(url)
    with reporting(url):
        found: Mapping[str, Mapping[str, Any]] = fs.find(root, detail=True)
    if not found:
        raise InputError("data_missing", f"{url} holds no files")
    known = _read_known(folder)
    states = {}
    for path, info in sorted(found.items()):
        name = path.removeprefix(root).lstrip("/")
        states[name] = [info["size"], *(str(info[key]) for key in _STATES if key in info)]
        if known.get(name) != states[name] or not (folder / name).exists():
            write_atomic(folder / name, read_bytes(join(url, name)), overwrite=True)
    for name in known.keys() - states.keys():
        (folder / name).unlink(missing_ok=True)
    write_atomic(folder / _KNOWN, json.dumps(states).encode(), overwrite=True)
    return folder


def _folder_of(url: str) -> Path:
    return cache_folder() / hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]


def _read_known(folder: Path) -> dict[str, Any]:
    try:
        known: dict[str, Any] = json.loads((folder / _KNOWN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known
