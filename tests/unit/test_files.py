from __future__ import annotations

import errno
import io
import os
import stat
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tress.errors import InputError
from tress.io.files import read_limited, write_atomic

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions and links")


def code_of(action: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(InputError) as caught:
        action(*args, **kwargs)
    return caught.value.code


def test_writes_and_makes_folders(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "photo.png"
    write_atomic(target, b"data", overwrite=False)
    assert target.read_bytes() == b"data"
    assert os.listdir(target.parent) == ["photo.png"]


def test_an_existing_file_is_kept_without_overwrite(tmp_path: Path) -> None:
    target = tmp_path / "photo.png"
    target.write_bytes(b"mine")
    assert code_of(write_atomic, target, b"new", overwrite=False) == "target_exists"
    assert target.read_bytes() == b"mine"
    write_atomic(target, b"new", overwrite=True)
    assert target.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["photo.png"]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    """The check for an existing file comes first, so the race is made by skipping it."""
    if not links:
        monkeypatch.setattr(os, "link", raising(OSError(errno.EOPNOTSUPP, "no links here")))
    target = tmp_path / "photo.png"
    target.write_bytes(b"mine")
    monkeypatch.setattr(os.path, "lexists", lambda path: False)
    assert code_of(write_atomic, target, b"new", overwrite=False) == "target_exists"
    assert target.read_bytes() == b"mine"
    assert os.listdir(tmp_path) == ["photo.png"]


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", raising(OSError(errno.EPERM, "no links here")))
    write_atomic(tmp_path / "photo.png", b"data", overwrite=False)
    assert (tmp_path / "photo.png").read_bytes() == b"data"
    assert os.listdir(tmp_path) == ["photo.png"]


def test_of_many_writers_exactly_one_wins(tmp_path: Path) -> None:
    target, outcomes = tmp_path / "photo.png", []

    def write(i: int) -> None:
        try:
            write_atomic(target, bytes([i]) * 1000, overwrite=False)
            outcomes.append(i)
        except InputError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [outcome for outcome in outcomes if outcome != "target_exists"]
    assert len(winners) == 1
    assert target.read_bytes() == bytes(winners) * 1000
    assert os.listdir(tmp_path) == ["photo.png"]


def raising(error: BaseException) -> Any:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize(
    ("call", "number", "code"),
    [
        ("fsync", errno.ENOSPC, "disk_full"),
        ("replace", errno.EROFS, "path_no_permission"),
        ("fsync", errno.EIO, "write_failed"),
    ],
)
def test_a_failure_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, code: str
) -> None:
    target = tmp_path / "photo.png"
    target.write_bytes(b"old")
    monkeypatch.setattr(os, call, raising(OSError(number, os.strerror(number))))
    assert code_of(write_atomic, target, b"new", overwrite=True) == code
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["photo.png"]


@pytest.mark.parametrize("call", ["fsync", "replace", "close"])
def test_ctrl_c_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    monkeypatch.setattr(os, call, raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "photo.png", b"new", overwrite=True)
    assert os.listdir(tmp_path) == []


@posix_only
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        for name, overwrite in (("a.png", False), ("b.png", True)):
            write_atomic(tmp_path / name, b"data", overwrite=overwrite)
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o640
    finally:
        os.umask(before)


def test_targets_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert code_of(write_atomic, tmp_path, b"x", overwrite=True) == "target_is_directory"
    assert code_of(write_atomic, tmp_path / "file" / "photo.png", b"x", overwrite=True) == "write_failed"
    assert code_of(write_atomic, f"{tmp_path}/a\0.png", b"x", overwrite=True) == "path_invalid"
    assert code_of(write_atomic, tmp_path / ("n" * 400 + ".png"), b"x", overwrite=True) == "write_failed"


# ---- standard input -------------------------------------------------------------------------------------------------


def test_standard_input_is_limited() -> None:
    assert read_limited(io.BytesIO(b"abc"), max_bytes=3) == b"abc"
    assert code_of(read_limited, io.BytesIO(b"abcd"), max_bytes=3) == "input_too_long"
    assert code_of(read_limited, io.BytesIO()) == "file_empty"


def test_an_endless_stream_is_not_read_to_its_end() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return bytes(size)

    endless = Endless()
    assert code_of(read_limited, endless, max_bytes=5_000_000) == "input_too_long"
    assert endless.given < 8_000_000
