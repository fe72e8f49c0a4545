"""The ledger's rows in one file, for whoever wants a table."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path

from tress.batch.rows import COLUMNS, Row
from tress.batch.status import read_rows
from tress.batch.store import missing
from tress.errors import InputError
from tress.io.files import write_atomic


def export_rows(destination: str, path: str) -> int:
    """Writes all rows to a ``.parquet``, ``.csv`` or ``.jsonl`` file; one that is there is replaced.

    Args:
        destination: folder or address of the batch.
        path: of the file.

    Returns:
        The number of rows.

    Raises:
        InputError: the suffix is unknown, or the file cannot be written.
    """
    rows = list(read_rows(destination))
    suffix = Path(path).suffix.lower()
    if suffix == ".jsonl":
        data = b"".join(row.to_line() for row in rows)
    elif suffix == ".csv":
        data = _csv(rows)
    elif suffix == ".parquet":
        data = _parquet(rows)
    else:
        raise InputError("export_format", f"{path} has no known suffix", hint="name it .parquet, .csv or .jsonl")
    write_atomic(path, data, overwrite=True)
    return len(rows)


def _csv(rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for row in rows:
        nested = {"seconds": json.dumps(row.seconds), "warnings": json.dumps(row.warnings)}
        writer.writerow({**asdict(row), **nested})
    # Names that are not UTF-8 keep their bytes.
    return text.getvalue().encode("utf-8", "surrogateescape")


def _parquet(rows: list[Row]) -> bytes:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise missing("pyarrow", "parquet", "to write a Parquet file") from None
    steps = sorted({step for row in rows for step in row.seconds} | {"decode"})
    text, number = pyarrow.string(), pyarrow.int64()
    kinds = {
        "confidence": pyarrow.float64(),
        "seconds": pyarrow.struct([(step, pyarrow.float64()) for step in steps]),
        "warnings": pyarrow.list_(text),
        **dict.fromkeys(("input_bytes", "output_bytes", "width", "height", "input_width", "input_height"), number),
    }
    schema = pyarrow.schema([(name, kinds.get(name, text)) for name in COLUMNS])
    table = pyarrow.Table.from_pylist([_encodable(asdict(row)) for row in rows], schema)
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def _encodable(values: dict) -> dict:
    """Parquet's text is UTF-8: a name that is not is written with escapes."""
    for name in ("input", "output", "message"):
        values[name] = values[name].encode("utf-8", "backslashreplace").decode()
    return values
