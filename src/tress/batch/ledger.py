"""The ledger: exactly one row per input, however often a run is killed.  docs/decisions says why it looks like this.

``ledger/00003.jsonl`` holds the rows of a shard.  While a run works on the shard it only ever adds to journals:
what it is about to write, and then the rows.  At the end journals and ledger become the new ledger, in one step.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import FileIO
from pathlib import PurePosixPath

from tress.batch.planfile import STATE
from tress.batch.rows import Row
from tress.batch.store import LocalStore, Store
from tress.errors import InputError
from tress.io.files import write_error

# An object store cannot append: rows are collected, and become an object of their own at the latest after this.
_FLUSH_SECONDS = 10.0
_FLUSH_ROWS = 64


@dataclass
class ShardState:
    """What ledger and journals say of a shard.

    rows: the last row of every input.  open: outputs that a run was about to write, and that have no row since: what
    lies there is that run's.  journals: names of the journals that are not part of the ledger yet.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    journals: list[str] = field(default_factory=list)


def read_shard(store: Store, shard: int) -> ShardState:
    """Ledger and journals of a shard, together.

    Raises:
        InputError: ``ledger_damaged``.
    """
    state = ShardState(journals=store.names(_journal_folder(shard)))
    # The ledger is read last: what vanishes from the journals meanwhile is in it by then.
    parts = [(name, _read(store, name)) for name in [*state.journals, ledger_name(shard)]]
    for name, data in [parts[-1], *parts[:-1]]:
        for entry in _entries(data, f"{store.address}/{name}"):
            if "begun" in entry:
                state.open.update(entry["begun"])
            else:
                row = Row.from_json(entry)
                state.rows[row.input] = row
                state.open.discard(row.output)
    return state


def _read(store: Store, name: str) -> bytes:
    try:
        return store.read(name)
    except FileNotFoundError:
        return b""


def ledger_name(shard: int) -> str:
    """Of a shard's part of the ledger, below the destination."""
    return f"{STATE}/ledger/{shard:05d}.jsonl"


class Journal:
    """What one run adds to a shard.  Used by one thread.

    Args:
        store: the destination.
        shard: its number.
        run: id of the run; ids sort by time.
    """

    def __init__(self, store: Store, shard: int, run: str) -> None:
        self._store, self._shard, self._run = store, shard, run
        self._lines: list[bytes] = []
        self._parts = 0
        self._flushed = time.monotonic()
        self._file: FileIO | None = None
        # On a local disk a row costs nothing to write, so none waits.
        self._local = store if isinstance(store, LocalStore) else None
        self.state = read_shard(store, shard)
        if self.state.journals:
            folders = {PurePosixPath(name).parent.as_posix() for name in self.state.open}
            store.sweep({*folders, f"{STATE}/ledger"}, self.mark)

    @property
    def mark(self) -> str:
        """Of unfinished files of this shard, for ``Store.create``."""
        return f"{self._shard:05d}"

    def begin(self, outputs: Iterable[str]) -> None:
        """Says, before anything is written, which outputs come next.  Durable when it returns."""
        outputs = list(outputs)
        self.state.open.update(outputs)
        self._lines.append(json.dumps({"begun": outputs}).encode() + b"\n")
        self._flush(durable=True)

    def add(self, row: Row) -> None:
        """Adds a row."""
        self.state.rows[row.input] = row
        self.state.open.discard(row.output)
        self._lines.append(row.to_line())
        self.flush_if_due()

    def flush_if_due(self) -> None:
        """Writes rows that have waited long enough."""
        late = time.monotonic() - self._flushed > _FLUSH_SECONDS
        if self._lines and (self._local or late or len(self._lines) >= _FLUSH_ROWS):
            self._flush(durable=False)

    def close(self) -> None:
        """Makes journals and ledger one again.  Nothing may be in hand any more: no output stays open."""
        self._flush(durable=False)
        self._close_file()
        lines = b"".join(row.to_line() for row in self.state.rows.values())
        self._store.replace(ledger_name(self._shard), lines, mark=self.mark)
        # The oldest first: what a crash leaves of them is then no older than the ledger.
        for name in self._store.names(_journal_folder(self._shard)):
            self._store.remove(name)
        self.state.open.clear()

    def abandon(self) -> None:
        """Leaves the journal for the next run to read."""
        self._flush(durable=False)
        self._close_file()

    def _flush(self, *, durable: bool) -> None:
        data, self._lines = b"".join(self._lines), []
        self._flushed = time.monotonic()
        if not data:
            return
        if self._local is not None:
            self._append(self._local, data, durable)
            return
        self._parts += 1
        self._store.create(f"{_journal_folder(self._shard)}/{self._run}-{self._parts:06d}.jsonl", data)

    def _append(self, store: LocalStore, data: bytes, durable: bool) -> None:
        path = store.folder / _journal_folder(self._shard) / f"{self._run}.jsonl"
        try:
            if self._file is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = FileIO(path, "ab")
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
            if durable:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise write_error(error, path) from error

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _journal_folder(shard: int) -> str:
    return f"{STATE}/journal/{shard:05d}"


def _entries(data: bytes, where: str) -> Iterator[dict]:
    """The lines of a ledger or journal.  A last line without its end was torn off by a crash, and does not count."""
    lines = data.split(b"\n")
    lines.pop()
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise InputError(
                "ledger_damaged",
                f"line {number} of {where} cannot be read: {error}",
                hint="delete that line; its picture is then made again",
            ) from error
