"""A folder kept under a URL in whole versions.

Every file is an object named by its content, and a version is a list of them that is written last, with a checksum of
its own.  So an upload that was torn at any byte leaves the version before as the newest whole one.

    URL/versions/000012.json      files of version 12: name, object, bytes, SHA-256
    URL/objects/SHA256-last.pt    contents; those that neither of the two newest versions names are removed
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tress.io.files import write_atomic
from tress_train.storage.places import StorageError, filesystem, join, put_file, reporting

KEPT = 2
_CHUNK_BYTES = 1 << 20


@dataclass
class Versions:
    """The versions of a folder under ``url``.

    Attributes:
        url: where they are.
        number: the version that the local folder came from or went to; 0 for none.
        leave_out: says of a file's name in the folder whether it is left out.
    """

    url: str
    number: int = 0
    leave_out: Callable[[str], bool] = lambda name: False
    _hashes: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    _torn: set[int] = field(default_factory=set)
    _torn_objects: set[str] = field(default_factory=set)

    def pull(self, folder: Path) -> bool:
        """Writes the newest whole version into ``folder``; False if there is none.

        Raises:
            StorageError: the URL cannot be read, or it has versions of which none is whole.
        """
        numbers, torn = self._numbers(), []
        for number in reversed(numbers):
            try:
                self._fetch(self._read(number), folder)
            except (FileNotFoundError, ValueError) as error:
                self._torn.add(number)
                torn.append(f"version {number}: {error}")
            else:
                # Torn ones that are newer are written over.
                self.number = number
                return True
        if torn:
            raise StorageError(
                "storage_torn", f"{self.url} holds no whole version: {'; '.join(torn)}", hint="name another --out"
            )
        return False

    def push(self, folder: Path) -> None:
        """Writes the folder's files as a new version; what has not changed is not sent again.

        Raises:
            StorageError: the URL cannot be written, or somebody else has written to it.
        """
        newest = max(self._numbers(), default=0)
        if newest > self.number and newest not in self._torn and self._is_whole(newest):
            raise StorageError(
                "storage_taken",
                f"another run writes to {self.url}: it has version {newest}, this one knows {self.number}",
                hint="stop one of them, or name another --out",
            )
        fs, root = filesystem(self.url)
        names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
        files: dict[str, Any] = {}
        present = {path.rpartition("/")[2]: info["size"] for path, info in self._objects().items()}
        for name in names:
            if self.leave_out(name):
                continue
            size, digest = self._hashed(folder, name)
            content = f"{digest}-{name.rpartition('/')[2]}"
            if present.get(content) != size or content in self._torn_objects:
                with reporting(self.url):
                    fs.makedirs(f"{root}/objects", exist_ok=True)
                    fs.put_file(str(folder / name), f"{root}/objects/{content}")
            files[name] = {"object": content, "bytes": size, "sha256": digest}
        with reporting(self.url):
            fs.makedirs(f"{root}/versions", exist_ok=True)
            fs.pipe_file(f"{root}/versions/{self.number + 1:06d}.json", _sealed(files))
        self.number += 1
        self._torn.clear()
        self._torn_objects.clear()
        self._prune()

    def _numbers(self) -> list[int]:
        fs, root = filesystem(self.url)
        with reporting(self.url):
            try:
                found = [path.rpartition("/")[2] for path in fs.ls(f"{root}/versions", detail=False)]
            except FileNotFoundError:
                return []
        return sorted(int(name[:-5]) for name in found if name.endswith(".json") and name[:-5].isdecimal())

    def _objects(self) -> dict[str, Any]:
        fs, root = filesystem(self.url)
        with reporting(self.url):
            try:
                return {info["name"]: info for info in fs.ls(f"{root}/objects", detail=True)}
            except FileNotFoundError:
                return {}

    def _read(self, number: int) -> dict[str, Any]:
        """The files of a version; raises ValueError if its list is torn."""
        fs, root = filesystem(self.url)
        with reporting(self.url):
            data = fs.cat_file(f"{root}/versions/{number:06d}.json")
        return _opened(data)

    def _is_whole(self, number: int) -> bool:
        try:
            self._read(number)
        except (FileNotFoundError, ValueError):
            return False
        return True

    def _fetch(self, files: dict[str, Any], folder: Path) -> None:
        """Raises ValueError for a file that is not what the version says, before the folder is changed."""
        fs, root = filesystem(self.url)
        contents = {}
        for name, row in files.items():
            with reporting(self.url):
                data = fs.cat_file(f"{root}/objects/{row['object']}")
            if len(data) != row["bytes"] or hashlib.sha256(data).hexdigest() != row["sha256"]:
                self._torn_objects.add(row["object"])
                raise ValueError(f"{name} is torn")
            contents[name] = data
        for name, data in contents.items():
            write_atomic(folder / name, data, overwrite=True)

    def _hashed(self, folder: Path, name: str) -> tuple[int, str]:
        path = folder / name
        stat = path.stat()
        known = self._hashes.get(name)
        if known is None or known[:2] != (stat.st_size, stat.st_mtime_ns):
            digest = hashlib.sha256()
            with open(path, "rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    digest.update(chunk)
            known = self._hashes[name] = (stat.st_size, stat.st_mtime_ns, digest.hexdigest())
        return known[0], known[2]

    def _prune(self) -> None:
        fs, root = filesystem(self.url)
        numbers = [number for number in self._numbers() if number <= self.number]
        used = {
            row["object"] for number in numbers[-KEPT:] if self._is_whole(number) for row in self._read(number).values()
        }
        old = [f"{root}/versions/{number:06d}.json" for number in numbers[:-KEPT]]
        old += [path for path in self._objects() if path.rpartition("/")[2] not in used]
        with reporting(self.url):
            if old:
                fs.rm(old)


def publish(folder: Path, names: list[str], url: str) -> None:
    """Copies files of a folder to a URL under their own names, for people and other programs.

    Raises:
        StorageError: the URL cannot be written.
    """
    for name in names:
        if (folder / name).exists():
            put_file(folder / name, join(url, name))


def _sealed(files: dict[str, Any]) -> bytes:
    text = json.dumps(files, sort_keys=True, indent=1)
    return json.dumps({"sha256": hashlib.sha256(text.encode()).hexdigest(), "files": files}, indent=1).encode()


def _opened(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
        files: dict[str, Any] = found["files"]
        text = json.dumps(files, sort_keys=True, indent=1)
        if found["sha256"] != hashlib.sha256(text.encode()).hexdigest():
            raise ValueError("its checksum is another")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"its list is torn: {error}") from error
    return files
