"""One picture, and everything that can be wrong with it, becomes a row."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from pathlib import Path

import pytest
from batches import picture

from tress.batch import Settings
from tress.batch.store import LocalStore
from tress.batch.worker import Bench, Config, Job, _Room
from tress.outputs import parse

MODEL = Path(__file__).parents[2] / "data" / "tiny_locator.onnx"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    settings = Settings(parse({"format": "png"}), str(MODEL), refine=False, max_megapixels=1)
    return Bench(Config(settings.to_json(), str(tmp_path / "out"), "o", "m", threads=1))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    picture(1).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def job(photo: Path, **facts) -> Job:
    return Job(input="a.png", address=str(photo), output="a.png", plan="p", **facts)


def test_a_row_has_everything(bench: Bench, photo: Path, tmp_path: Path) -> None:
    row = bench.work(job(photo))
    result = (tmp_path / "out/a.png").read_bytes()
    assert (row.status, row.code, row.message) == ("ok", "", "")
    assert row.input_digest == hashlib.sha256(photo.read_bytes()).hexdigest()
    assert row.output_digest == hashlib.sha256(result).hexdigest()
    assert (row.output_bytes, row.input_bytes) == (len(result), photo.stat().st_size)
    assert (row.width, row.height, row.input_width, row.input_height) == (64, 48, 64, 48)
    assert (row.options_digest, row.model_digest, row.plan, row.model) == ("o", "m", "p", "tiny_locator")
    assert 0 <= row.confidence <= 1
    assert {"read", "decode", "locate", "render", "encode", "write"} <= set(row.seconds)


def test_a_picture_without_a_subject_is_empty(bench: Bench, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    assert bench.work(job(tmp_path / "a.png")).status == "empty"
    assert (tmp_path / "out/a.png").exists()


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "file_empty"), (b"text", "not_a_picture"), (b"\x89PNG\r\n\x1a\n", "picture_corrupt")],
)
def test_what_is_no_picture_fails_alone(bench: Bench, photo: Path, content: bytes, code: str) -> None:
    photo.write_bytes(content)
    row = bench.work(job(photo))
    assert row.status == "failed"
    assert row.code in {code, "picture_truncated"}
    assert row.message


def test_a_picture_that_is_too_large_or_missing(bench: Bench, tmp_path: Path) -> None:
    picture(1, 2000, 1000).save(tmp_path / "large.png")
    assert bench.work(job(tmp_path / "large.png")).code == "picture_too_large"
    assert bench.work(job(tmp_path / "missing.png")).code == "path_missing"
    assert bench.work(job(tmp_path)).code in {"file_unreadable", "path_no_permission"}


def test_an_input_that_changed_since_the_plan(bench: Bench, photo: Path, tmp_path: Path) -> None:
    status = photo.stat()
    same = {"size_bytes": status.st_size, "version": str(status.st_mtime_ns)}
    os.utime(photo, ns=(1, 1))
    row = bench.work(job(photo, **same))
    assert (row.code, row.input_version) == ("input_changed", None)
    assert not (tmp_path / "out").exists()
    assert bench.work(job(photo)).status == "ok"


def test_files_of_others_stay(bench: Bench, photo: Path, tmp_path: Path) -> None:
    LocalStore(tmp_path / "out").create("a.png", b"somebody else's")
    assert bench.work(job(photo)).code == "target_exists"
    assert bench.work(job(photo, replaces="0" * 64)).code == "target_exists"
    assert (tmp_path / "out/a.png").read_bytes() == b"somebody else's"
    own = hashlib.sha256(b"somebody else's").hexdigest()
    assert bench.work(job(photo, replaces=own)).status == "ok"
    (tmp_path / "out/a.png").write_bytes(b"again")
    assert bench.work(job(photo, may_replace=True)).status == "ok"


def test_an_input_is_never_its_own_result(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    picture(1).save(tmp_path / "out/a.png")
    before = (tmp_path / "out/a.png").read_bytes()
    assert bench.work(job(tmp_path / "out/a.png", may_replace=True)).code == "output_is_input"
    assert (tmp_path / "out/a.png").read_bytes() == before


def test_a_result_of_the_same_bytes_is_kept(bench: Bench, photo: Path, tmp_path: Path) -> None:
    from dataclasses import asdict

    first = bench.work(job(photo))
    os.utime(photo, ns=(1, 1))
    (tmp_path / "out/a.png").unlink()
    second = bench.work(job(photo, keep_if=asdict(first)))
    assert (second.finished, second.input_version) == (first.finished, "1")
    assert not (tmp_path / "out/a.png").exists(), "it was not made again"


def test_a_full_disk_is_the_pictures_row(bench: Bench, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    row = bench.work(job(photo))
    assert (row.status, row.code) == ("failed", "disk_full")
    monkeypatch.undo()
    assert bench.work(job(photo)).status == "ok"


def test_a_bug_costs_one_picture(bench: Bench, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tress.batch.worker.produce", lambda *_: 1 / 0)
    row = bench.work(job(photo))
    assert (row.code, "ZeroDivisionError" in row.message) == ("internal_error", True)


def test_large_pictures_wait_for_each_other() -> None:
    room, inside, most = _Room(1), [], []

    def visit() -> None:
        with room.for_pixels(800, 1000):
            inside.append(1)
            most.append(len(inside))
            threading.Event().wait(0.02)
            inside.pop()

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]
    with room.for_pixels(500, 1000), room.for_pixels(500, 1000):
        pass
