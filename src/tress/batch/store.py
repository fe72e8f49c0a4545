"""Where inputs come from and results and the ledger go: a folder of this machine, or any address that fsspec knows."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tress.errors import InputError, TressError
from tress.io.files import TEMPORARY_SUFFIX, write_atomic


@dataclass(frozen=True)
class Stat:
    """What a listing says of a file, without reading it.

    Attributes:
        size_bytes: of the file; None if the place does not tell.
        version: changes with the content: the etag or generation of an object, the modification time of a file in
            nanoseconds; None if the place does not tell.
    """

    size_bytes: int | None
    version: str | None


UNKNOWN = Stat(None, None)


class Store(Protocol):
    """A folder, or a prefix in an object store.  Names are relative to it, with forward slashes."""

    address: str

    def read(self, name: str, start: int | None = None, stop: int | None = None) -> bytes:
        """A file's bytes, or those from ``start`` to ``stop``.

        Raises:
            FileNotFoundError: there is no such file.
            InputError: it cannot be read.
        """

    def create(self, name: str, data: bytes, *, mark: str = "") -> bool:
        """Writes a file unless there is one of this name, in one step that cannot race.

        Args:
            name: of the file.
            data: its content, which appears whole or not at all.
            mark: who writes; ``sweep`` finds by it what a killed process left.

        Returns:
            False if the name is taken.

        Raises:
            InputError: it cannot be written.
        """

    def replace(self, name: str, data: bytes, *, mark: str = "") -> None:
        """Writes a file; until then the old one stays whole."""

    def names(self, folder: str) -> list[str]:
        """The files in a folder and below, as sorted names; none if there is no such folder."""

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""

    def remove(self, name: str) -> None:
        """Deletes a file; that it is gone already is no error."""

    def sweep(self, folders: set[str], mark: str) -> None:
        """Deletes what killed writers of this mark left unfinished in these folders."""


class LocalStore:
    """A folder of this machine, or one that is mounted here."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(os.path.abspath(folder))
        self.address = str(self.folder)

    def read(self, name: str, start: int | None = None, stop: int | None = None) -> bytes:
        """As ``Store.read``."""
        with _explained(f"{self.folder / name}"), open(self.folder / name, "rb") as file:
            file.seek(start or 0)
            return file.read(-1 if stop is None else stop - (start or 0))

    def create(self, name: str, data: bytes, *, mark: str = "") -> bool:
        """As ``Store.create``."""
        try:
            write_atomic(self.folder / name, data, overwrite=False, temporary_prefix=_prefix(mark))
        except InputError as error:
            if error.code != "target_exists":
                raise
            return False
        return True

    def replace(self, name: str, data: bytes, *, mark: str = "") -> None:
        """As ``Store.replace``."""
        write_atomic(self.folder / name, data, overwrite=True, temporary_prefix=_prefix(mark))

    def names(self, folder: str) -> list[str]:
        """As ``Store.names``; hidden files are passed over."""
        found: list[str] = []
        for place, folders, files in os.walk(self.folder / folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            below = Path(place).relative_to(self.folder).as_posix()
            found += [f"{below}/{name}".removeprefix("./") for name in files if not name.startswith(".")]
        return sorted(found)

    def exists(self, name: str) -> bool:
        """As ``Store.exists``; a link that leads nowhere takes its name too."""
        return os.path.lexists(f"{self.address}/{name}")

    def remove(self, name: str) -> None:
        """As ``Store.remove``."""
        with _explained(f"{self.folder / name}"), contextlib.suppress(FileNotFoundError):
            os.unlink(self.folder / name)

    def sweep(self, folders: set[str], mark: str) -> None:
        """As ``Store.sweep``."""
        for folder in folders:
            with contextlib.suppress(OSError):
                for path in (self.folder / folder).iterdir():
                    if path.name.startswith(_prefix(mark)) and path.name.endswith(TEMPORARY_SUFFIX):
                        path.unlink(missing_ok=True)


class RemoteStore:
    """A prefix in an object store, through fsspec.  A file there appears whole, with its last byte."""

    def __init__(self, url: str) -> None:
        self.address = url.rstrip("/")
        self._fs, path = filesystem(self.address)
        self._root = path.rstrip("/")

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def read(self, name: str, start: int | None = None, stop: int | None = None) -> bytes:
        """As ``Store.read``."""
        with _explained(f"{self.address}/{name}"):
            return self._fs.cat_file(self._path(name), start=start, end=stop)

    def create(self, name: str, data: bytes, *, mark: str = "") -> bool:
        """As ``Store.create``: a conditional request, because ``open(name, "xb")`` of s3fs overwrites."""
        with _explained(f"{self.address}/{name}"):
            try:
                self._fs.pipe_file(self._path(name), data, mode="create")
            except FileExistsError:
                return False
        return True

    def replace(self, name: str, data: bytes, *, mark: str = "") -> None:
        """As ``Store.replace``."""
        with _explained(f"{self.address}/{name}"):
            self._fs.pipe_file(self._path(name), data)

    def names(self, folder: str) -> list[str]:
        """As ``Store.names``."""
        with _explained(f"{self.address}/{folder}"):
            self._fs.invalidate_cache()
            found = self._fs.find(self._path(folder))
        return sorted(path[len(self._root) + 1 :] for path in found)

    def exists(self, name: str) -> bool:
        """As ``Store.exists``."""
        with _explained(f"{self.address}/{name}"):
            self._fs.invalidate_cache()
            return self._fs.isfile(self._path(name))

    def remove(self, name: str) -> None:
        """As ``Store.remove``."""
        with _explained(f"{self.address}/{name}"), contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(name))

    def sweep(self, folders: set[str], mark: str) -> None:
        """Nothing: object stores show no unfinished files."""


def open_store(address: str) -> Store:
    """The store at a folder's path or at an address such as ``s3://bucket/prefix``; nothing is made yet.

    Raises:
        InputError: the address needs a package that is not installed, or cannot be understood.
    """
    return RemoteStore(address) if is_remote(address) else LocalStore(local_path(address))


def is_remote(address: str) -> bool:
    """Whether it is an address for fsspec, and not a path of this machine."""
    return "://" in address and not address.startswith("file://")


def local_path(address: str) -> str:
    """The path behind ``file://``, or the path itself."""
    return address.removeprefix("file://")


def filesystem(url: str) -> tuple[Any, str]:
    """The file system of fsspec for an address, and the path in it.

    Settings such as an endpoint come from fsspec's own configuration (``~/.config/fsspec``, ``FSSPEC_S3_...``).

    Raises:
        InputError: ``extra_missing``, ``address_unknown``.
    """
    try:
        import fsspec
    except ImportError:
        raise missing("fsspec", "batch", f"to reach {url}") from None
    try:
        return fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise InputError(
            "extra_missing",
            f"{url} cannot be reached: {error}",
            hint="install what fsspec needs for it: tress[s3], tress[gcs], or the package that it names",
        ) from error
    except ValueError as error:
        raise InputError("address_unknown", f"{url} cannot be understood: {error}", hint="check the scheme") from error


def missing(package: str, extra: str, purpose: str) -> InputError:
    """The error that names the extra to install."""
    return InputError(
        "extra_missing", f"the package {package} is needed {purpose}", hint=f"install it: pip install 'tress[{extra}]'"
    )


def stat_of(info: dict[str, Any]) -> Stat:
    """What fsspec tells of a file, whose names differ from store to store."""
    for key in ("ETag", "etag", "generation", "md5Hash", "mtime", "LastModified", "created"):
        if info.get(key):
            return Stat(info.get("size"), str(info[key]).strip('"'))
    return Stat(info.get("size"), None)


def local_stat(status: os.stat_result) -> Stat:
    """Size and version of a file of this machine."""
    return Stat(status.st_size, str(status.st_mtime_ns))


def read_input(address: str, max_bytes: int) -> tuple[bytes, Stat]:
    """A picture's bytes, and what they are the content of.

    Args:
        address: path or URL.
        max_bytes: longer files are refused.

    Raises:
        InputError: ``path_missing``, ``path_no_permission``, ``input_too_long``, ``file_unreadable``, ``store_failed``.
    """
    try:
        with _explained(address):
            if not is_remote(address):
                with open(local_path(address), "rb") as file:
                    stat = local_stat(os.fstat(file.fileno()))
                    data = file.read(max_bytes + 1)
            else:
                fs, path = filesystem(address)
                fs.invalidate_cache()
                stat = stat_of(fs.info(path))
                data = fs.cat_file(path, start=0, end=max_bytes + 1)
    except FileNotFoundError:
        raise InputError(
            "path_missing", f"{address} does not exist", hint="it was there when the plan was made"
        ) from None
    if len(data) > max_bytes:
        raise InputError("input_too_long", f"{address} is longer than {max_bytes} bytes", hint="give tress one picture")
    return data, stat


@contextlib.contextmanager
def _explained(address: str) -> Iterator[None]:
    """Turns what a file system raises into an InputError; FileNotFoundError passes."""
    try:
        yield
    except (TressError, FileNotFoundError, FileExistsError):
        raise
    except PermissionError as error:
        raise InputError(
            "path_no_permission", f"no permission for {address}", hint="check its rights, or your credentials"
        ) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError("file_unreadable", f"{address} cannot be used: {why}") from error
    except Exception as error:  # each object store has exceptions of its own
        raise InputError(
            "store_failed", f"{address} cannot be reached: {error}", hint="check the address and your credentials"
        ) from error


def _prefix(mark: str) -> str:
    return f".tress-{mark}-" if mark else ".tress-"
