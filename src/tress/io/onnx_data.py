"""Where a model's weights lie when they are not in its own file, read from the file without ONNX.

An ONNX file may name other files for its tensors.  Not every ONNX Runtime that we run with keeps to the model's folder,
so a model from elsewhere could make it read any file, or memory.
"""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TypeAlias

from tress.errors import ModelError

# The messages of onnx.proto through which tensors are reached: number of a field, and what it holds.
FIELDS: Mapping[str, Mapping[int, str]] = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "GraphProto": {1: "NodeProto", 5: "TensorProto", 15: "SparseTensorProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {
        **{5: "TensorProto", 6: "GraphProto", 10: "TensorProto", 11: "GraphProto"},
        **{22: "SparseTensorProto", 23: "SparseTensorProto"},
    },
    "SparseTensorProto": {1: "TensorProto", 2: "TensorProto"},
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
    "TensorProto": {13: "StringStringEntryProto"},
}
_ENTRY, _KEY, _VALUE = "StringStringEntryProto", 1, 2
_LOCATION = b"location"
# What ONNX Runtime takes for an address in memory.
_IN_MEMORY = "_ORT_MEM_ADDR_"
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
_WIDTHS = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}
_LONGEST_VARINT = 10

_Data: TypeAlias = "bytes | mmap.mmap"


def check_external_data(model: Path | bytes, name: str) -> None:
    """Refuses a model whose weights are to be read from outside its folder.

    Args:
        model: an ONNX file, or its contents, which have no folder.
        name: for messages.

    Raises:
        ModelError: ``model_external_data``, ``model_corrupt`` (no ONNX file), ``model_not_found`` (a file of weights),
            ``model_load`` (it cannot be read).
    """
    try:
        with _opened(model) as data:
            locations = sorted(set(_locations(data)))
    except _TornError as error:
        raise ModelError(
            "model_corrupt",
            f"{name} is not a valid ONNX file: {error}",
            hint="it may be incomplete: copy or download it again",
        ) from error
    except OSError as error:
        raise ModelError("model_load", f"{name} cannot be read: {error.strerror or error}") from error
    for location in locations:
        _check_location(location, model, name)


def _check_location(location: str, model: Path | bytes, name: str) -> None:
    parts = [*PurePosixPath(location).parts, *PureWindowsPath(location).parts]
    is_plain = not (PurePosixPath(location).is_absolute() or PureWindowsPath(location).anchor or "\0" in location)
    if not is_plain or ".." in parts or _IN_MEMORY in parts or isinstance(model, bytes):
        raise _outside(location, name)
    file = (model.parent / location).resolve()
    if not file.is_file():
        raise ModelError(
            "model_not_found",
            f"{name} keeps weights in {location}, which is not beside it",
            hint="copy or download it to the same folder",
        )
    # Caches hold both files as links into a folder of theirs.
    folders = (model.parent.resolve(), model.resolve().parent)
    if not any(file.is_relative_to(folder) for folder in folders):
        raise _outside(location, name)


def _outside(location: str, name: str) -> ModelError:
    return ModelError(
        "model_external_data",
        f"{name} takes its weights from outside its folder: {location[:200]!r}",
        hint="load only models that you trust; files with weights must lie beside the model",
    )


class _TornError(Exception):
    """The bytes are no ONNX file."""


@contextlib.contextmanager
def _opened(model: Path | bytes) -> Iterator[_Data]:
    if isinstance(model, bytes):
        yield model
        return
    with model.open("rb") as file:
        if not model.stat().st_size:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def _locations(data: _Data) -> Iterator[str]:
    """What tensors say of where their data lie, wherever in the model they stand."""
    waiting = [("ModelProto", 0, len(data))]
    while waiting:
        message, start, end = waiting.pop()
        if message == _ENTRY:
            fields = list(_fields(data, start, end))
            # Of a field that comes twice the last one counts, but not for every reader.
            if any(number == _KEY and data[first:last] == _LOCATION for number, first, last in fields):
                for number, first, last in fields:
                    if number == _VALUE:
                        yield data[first:last].decode("utf-8", "replace")
            continue
        known = FIELDS[message]
        waiting += [
            (known[number], first, last) for number, first, last in _fields(data, start, end) if number in known
        ]


def _fields(data: _Data, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of the fields of a message that hold bytes."""
    while at < end:
        key, at = _varint(data, at, end)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            _, at = _varint(data, at, end)
        elif kind in _WIDTHS:
            at += _WIDTHS[kind]
        elif kind == _BYTES:
            length, at = _varint(data, at, end)
            if length > end - at:
                raise _TornError("it ends too early")
            yield number, at, at + length
            at += length
        else:
            raise _TornError("it holds what no such file does")
    if at > end:
        raise _TornError("it ends too early")


def _varint(data: _Data, at: int, end: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first; and the place after it."""
    value = 0
    for index in range(min(_LONGEST_VARINT, end - at)):
        byte = data[at + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    raise _TornError("it ends too early")
