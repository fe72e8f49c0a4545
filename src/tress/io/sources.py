"""Where pictures come from: bytes, a path, a file object."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, TypeAlias

from tress.errors import InputError

Source: TypeAlias = "bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO"


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
        raise InputError("path_missing", f"{name} does not exist", hint=hint) from error
    except IsADirectoryError as error:
        raise InputError("path_is_directory", f"{name} is a folder, not a picture") from error
    except PermissionError as error:
        if os.path.isdir(name):  # what Windows says of a folder
            raise InputError("path_is_directory", f"{name} is a folder, not a picture") from error
        raise InputError("path_no_permission", f"no permission to read {name}") from error
    except ValueError as error:
        raise InputError("path_invalid", f"{name!r} cannot be a file name: {error}") from error
    except OSError as error:
        raise unreadable(error) from error
    with file:
        if file.seekable():
            yield file
        else:
            yield io.BytesIO(file.read())


def unreadable(error: OSError) -> InputError:
    """What reading failed with."""
    return InputError("file_unreadable", f"the file cannot be read: {error.strerror or error}")
