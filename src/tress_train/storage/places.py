"""Places: local paths, and URLs that fsspec opens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tress.errors import InputError, TressError
from tress.io.files import write_atomic

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

Place = Path | str


class StorageError(TressError):
    """A place under a URL cannot be read or written."""


def is_url(place: Place) -> bool:
    """Whether a place is a URL, and not a local path."""
    return isinstance(place, str) and "://" in place


def join(place: Place, name: str) -> Place:
    """A name below a place."""
    return f"{str(place).rstrip('/')}/{name}" if is_url(place) else Path(place) / name


def last_name(place: Place) -> str:
    """What a folder is called."""
    return str(place).rstrip("/").rpartition("/")[2] if is_url(place) else Path(place).resolve().name


def filesystem(url: Place) -> tuple[AbstractFileSystem, str]:
    """The file system behind a URL or local path, and the path in it.

    Raises:
        InputError: fsspec, or what it needs for this kind of URL, is not installed or configured.
    """
    try:
        from fsspec.core import url_to_fs

        fs, path = url_to_fs(str(url))
    except ImportError as error:
        extra = "gcp" if str(url).startswith("gs:") else "batch"
        raise InputError(
            "storage_not_installed", f"{url} cannot be opened: {error}", hint=f"pip install '.[{extra}]'"
        ) from error
    except ValueError as error:
        raise InputError("url_unknown", f"{url} cannot be opened: {error}") from error
    # What others wrote since the last look counts.
    fs.invalidate_cache()
    return fs, str(path).rstrip("/")


@contextmanager
def reporting(place: Place) -> Iterator[None]:
    """Turns whatever a file system says about a place into a StorageError; files that are missing stay so."""
    try:
        yield
    except (TressError, FileNotFoundError):
        raise
    except Exception as error:
        # Each file system has exceptions of its own, from the network upwards.
        raise StorageError(
            "storage_failed",
            f"{place}: {type(error).__name__}: {error}",
            hint="look at the name of the bucket, the permissions and the network, and start the same command again",
        ) from error


def read_bytes(place: Place) -> bytes:
    """A whole file.

    Raises:
        InputError: it is missing.
        StorageError: it cannot be read.
    """
    try:
        if not is_url(place):
            return Path(place).read_bytes()
        fs, path = filesystem(place)
        with reporting(place):
            return bytes(fs.cat_file(path))
    except FileNotFoundError:
        raise InputError("file_missing", f"{place} is missing") from None


def put_file(source: Path, place: Place) -> None:
    """Copies a local file to a place; what was there is replaced.

    Raises:
        InputError: the disk does not take it.
        StorageError: the URL cannot be written.
    """
    if not is_url(place):
        write_atomic(place, source.read_bytes(), overwrite=True)
        return
    fs, path = filesystem(place)
    with reporting(place):
        fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        fs.put_file(str(source), path)


def exists(place: Place) -> bool:
    """Whether a file is there; raises StorageError where that cannot be known."""
    if not is_url(place):
        return Path(place).exists()
    fs, path = filesystem(place)
    with reporting(place):
        return bool(fs.exists(path))
