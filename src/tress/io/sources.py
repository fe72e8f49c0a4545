"""Where pictures come from: bytes, a path, a file object."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, TypeAlias

from tress.errors import InputError

Source: TypeAlias = "bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO"

# Of a name that is far longer than names are, in an error.
_SHOWN, _MAX_NAME = 60, 1000


@contextmanager
def opened(source: Any) -> Iterator[BinaryIO]:
    """A seekable file at its start; a file object that was given stays open.

    Raises:
        InputError: ``path_missing``, ``path_is_directory``, ``path_no_permission``, ``path_invalid``,
            ``file_unreadable``, ``source_type``.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        with io.BytesIO(source) as file:
            yield file
    elif isinstance(source, (str, os.PathLike)):
        with _open_path(source) as file:
            yield file
    elif hasattr(source, "read"):
        if hasattr(source, "seekable") and source.seekable():
            source.seek(0)
            yield source
            return
        content = source.read()
        if not isinstance(content, bytes):
            raise InputError("source_type", "the file object gives text", hint="open it in binary mode")
        with io.BytesIO(content) as file:
            yield file
    else:
        raise InputError("source_type", f"cannot read a picture from {type(source).__name__}")


@contextmanager
def _open_path(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    name = os.fspath(path)
    try:
        file = open(name, "rb")  # noqa: SIM115 - closed below, after the errors of opening are told apart
    except FileNotFoundError as error:
        hint = "tress reads files; download it first" if "://" in name else "check the name and the folder"
        shown = name if len(name) <= _MAX_NAME else f"{name[:_SHOWN]}..."
        raise InputError("path_missing", f"{shown} does not exist", hint=hint) from error
    except IsADirectoryError as error:
        raise InputError("path_is_directory", f"{name} is a folder, not a picture") from error
    except PermissionError as error:
        if os.path.isdir(name):  # what Windows says of a folder
            raise InputError("path_is_directory", f"{name} is a folder, not a picture") from error
        raise InputError("path_no_permission", f"no permission to read {name}") from error
    except ValueError as error:
        raise InputError("path_invalid", f"{name!r} cannot be a file name: {error}") from error
    except OSError as error:
        raise (name_too_long(name) if error.errno == errno.ENAMETOOLONG else unreadable(error)) from error
    with file:
        if file.seekable():
            yield file
        else:
            yield io.BytesIO(file.read())


def name_too_long(name: str) -> InputError:
    """The error of a file name that no file system has room for."""
    return InputError(
        "name_too_long",
        f"the name {name[:_SHOWN]!r}... is too long for a file",
        hint="names have at most about 255 characters; what a file holds is given as bytes, not as text",
    )


def unreadable(error: OSError) -> InputError:
    """What reading failed with."""
    return InputError("file_unreadable", f"the file cannot be read: {error.strerror or error}")
