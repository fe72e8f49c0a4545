"""Lists of inputs: text with one on a line, and a column of a CSV, JSONL or Parquet file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from tress.batch.store import missing
from tress.errors import InputError

DEFAULT_COLUMN = "path"


def is_list(address: str) -> bool:
    """Whether a name is that of a list or manifest, by its suffix."""
    return _suffix(address) in _READERS


def read_list(data: bytes, address: str, column: str | None) -> Iterator[str]:
    """The inputs that a list or manifest names, in its order; empty lines and cells are passed over.

    Args:
        data: the file's bytes.
        address: its name, for its suffix and for messages.
        column: that holds the inputs; None is ``path``, and for text lists there is none.

    Raises:
        InputError: ``manifest_column``, ``manifest_unreadable``, ``extra_missing``.
    """
    suffix = _suffix(address)
    if suffix in _TEXT and column is not None:
        raise InputError("manifest_column", f"{address} is a plain list and has no column {column}")
    try:
        for value in _READERS[suffix](data, address, column or DEFAULT_COLUMN):
            if value:
                yield value
    except (ValueError, csv.Error) as error:
        raise InputError("manifest_unreadable", f"{address} cannot be read: {error}") from error


def _text(data: bytes, address: str, column: str) -> Iterable[str]:
    # Not splitlines(): names may hold what Unicode takes for the end of a line.
    return (line.removesuffix("\r") for line in _decoded(data).split("\n"))


def _csv(data: bytes, address: str, column: str) -> Iterator[str]:
    reader = csv.DictReader(io.StringIO(_decoded(data), newline=""), delimiter="\t" if _is_tsv(address) else ",")
    if column not in (reader.fieldnames or ()):
        raise _no_column(address, column, reader.fieldnames or ())
    for values in reader:
        yield values[column] or ""


def _jsonl(data: bytes, address: str, column: str) -> Iterator[str]:
    for number, line in enumerate(_decoded(data).split("\n"), 1):
        if not line.strip():
            continue
        values = json.loads(line)
        if not isinstance(values, dict) or column not in values:
            raise _no_column(f"line {number} of {address}", column, values if isinstance(values, dict) else ())
        yield str(values[column] or "")


def _parquet(data: bytes, address: str, column: str) -> Iterator[str]:
    try:
        from pyarrow import ArrowException, BufferReader
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise missing("pyarrow", "parquet", f"to read {address}") from None
    try:
        file = ParquetFile(BufferReader(data))
    except ArrowException as error:
        raise ValueError(error) from error
    if column not in file.schema_arrow.names:
        raise _no_column(address, column, file.schema_arrow.names)
    for batch in file.iter_batches(columns=[column]):
        yield from (str(value or "") for value in batch.column(0).to_pylist())


_Reader = Callable[[bytes, str, str], Iterable[str]]
_TEXT = (".txt", ".lst")
_READERS: dict[str, _Reader] = {
    **dict.fromkeys(_TEXT, _text),
    ".csv": _csv,
    ".tsv": _csv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".parquet": _parquet,
}
SUFFIXES = tuple(_READERS)
"""Of lists and manifests."""


def _suffix(address: str) -> str:
    return PurePosixPath(address).suffix.lower()


def _is_tsv(address: str) -> bool:
    return _suffix(address) == ".tsv"


def _decoded(data: bytes) -> str:
    # Names that are not UTF-8 come back from the file system in the same way.
    return data.decode("utf-8-sig", "surrogateescape")


def _no_column(where: str, column: str, columns: Iterable[str]) -> InputError:
    there = ", ".join(columns) or "none"
    return InputError(
        "manifest_column", f"{where} has no column {column}; its columns are: {there}", hint="name one with --column"
    )
