"""The ledger survives torn writes, and has one row for every input."""

from __future__ import annotations

import errno
from io import FileIO
from pathlib import Path

import pytest

from tress.batch.ledger import Journal, ledger_name, read_shard
from tress.batch.rows import Row
from tress.batch.store import LocalStore, RemoteStore
from tress.errors import InputError


@pytest.fixture(params=["folder", "store"])
def store(request, tmp_path):
    if request.param == "folder":
        yield LocalStore(tmp_path)
        return
    fsspec = pytest.importorskip("fsspec")
    yield RemoteStore("memory://ledger")
    fsspec.filesystem("memory").store.clear()


def row(name: str, status="ok", **facts) -> Row:
    return Row(input=name, output=f"{name}.png", status=status, **facts)


def test_a_ledger_is_what_the_journal_said_last(store) -> None:
    journal = Journal(store, 3, "run1")
    journal.begin(["a.png", "b.png"])
    journal.add(row("a", "failed", code="x"))
    journal.add(row("b"))
    journal.close()
    again = Journal(store, 3, "run2")
    again.begin(["a.png"])
    again.add(row("a"))
    again.close()
    state = read_shard(store, 3)
    assert {name: one.status for name, one in state.rows.items()} == {"a": "ok", "b": "ok"}
    assert (state.open, state.journals) == (set(), [])
    assert store.read(ledger_name(3)).count(b"\n") == 2


def test_what_was_begun_stays_open_until_it_has_a_row(store) -> None:
    journal = Journal(store, 0, "run1")
    journal.begin(["a.png", "b.png"])
    journal.add(row("a"))
    journal.abandon()
    assert read_shard(store, 0).open == {"b.png"}


def test_a_torn_last_line_costs_only_itself(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    journal = Journal(store, 0, "run1")
    journal.add(row("a"))
    journal.add(row("b"))
    journal.abandon()
    (path,) = (tmp_path / ".tress/journal/00000").iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    assert set(read_shard(store, 0).rows) == {"a"}
    again = Journal(store, 0, "run2")
    again.add(row("b"))
    again.close()
    assert set(read_shard(store, 0).rows) == {"a", "b"}


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.replace(ledger_name(0), row("a").to_line() + b"{broken\n" + row("b").to_line())
    with pytest.raises(InputError, match=r"line 2 of .*00000\.jsonl") as caught:
        read_shard(store, 0)
    assert caught.value.code == "ledger_damaged"


def test_a_full_disk_is_told_and_loses_no_earlier_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(tmp_path)
    journal = Journal(store, 0, "run1")
    journal.add(row("a"))
    write = FileIO.write

    class Full(FileIO):
        def write(self, data):
            if len(data) <= 10:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(self, bytes(data)[:10])

    (path,) = (tmp_path / ".tress/journal/00000").iterdir()
    journal._file.close()
    journal._file = Full(path, "ab")
    with pytest.raises(InputError) as caught:
        journal.add(row("b"))
    journal.abandon()
    assert caught.value.code == "disk_full"
    assert "a" in read_shard(store, 0).rows


def test_rows_wait_for_an_object_but_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fsspec")
    store = RemoteStore("memory://waiting")
    journal = Journal(store, 0, "run1")
    journal.add(row("a"))
    assert read_shard(store, 0).rows == {}
    monkeypatch.setattr("tress.batch.ledger._FLUSH_SECONDS", 0.0)
    journal.flush_if_due()
    assert set(read_shard(store, 0).rows) == {"a"}


def test_unfinished_files_of_killed_writers_go(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    journal = Journal(store, 7, "run1")
    journal.begin(["sub/a.png"])
    journal.abandon()
    (tmp_path / "sub").mkdir()
    ours, others = tmp_path / "sub/.tress-00007-x.part", tmp_path / "sub/.tress-00008-x.part"
    ours.write_bytes(b"half")
    others.write_bytes(b"half")
    Journal(store, 7, "run2").abandon()
    assert (ours.exists(), others.exists()) == (False, True)
