"""``tress batch`` as people run it, on one machine."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from batches import MODEL, PLANNED, children, files_in, gone, needs_proc, photos, picture, rows_of, started, tress

from tress import batch
from tress.batch.lease import Leases
from tress.batch.store import open_store
from tress.cli.failures import ExitCode
from tress.errors import InputError

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and files")


def test_it_plans_runs_and_resumes_in_one_line(tmp_path):
    source, out = photos(tmp_path / "photos", 6), tmp_path / "out"
    (source / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    first = tress(source, out, *PLANNED, "--name", "{stem}.cutout", "--json")
    assert first.returncode == ExitCode.SOME_FAILED, first.stderr
    told = [json.loads(line) for line in first.stdout.splitlines()]
    assert told[-1]["summary"] | {"seconds": 0} == {
        "total": 7,
        "ok": 6,
        "empty": 0,
        "failed": 1,
        "skipped": 0,
        "left": 0,
        "codes": {"picture_truncated": 1},
        "ending": "complete",
        "made": 7,
        "seconds": 0,
    }
    assert sorted(row["input"] for row in told[:-1]) == sorted(row["input"] for row in rows_of(out))
    assert set(files_in(out)) == {
        f"{path.relative_to(source).with_suffix('').as_posix()}.cutout.png" for path in source.rglob("*.png")
    }
    before = files_in(out)
    again = tress(source, out, *PLANNED, "--name", "{stem}.cutout")
    assert "0 to do, 7 done already" in again.stderr
    assert files_in(out) == before

    picture(99).save(source / "broken.jpg")
    retried = tress("retry", out, "--code", "picture_truncated")
    assert retried.returncode == ExitCode.OK, retried.stderr
    assert "7 inputs: 7 ok" in tress("status", out).stdout
    assert len(rows_of(out)) == 7


@posix_only
def test_names_with_any_characters(tmp_path):
    source, out = tmp_path / "photos", tmp_path / "out"
    source.mkdir()
    names = [
        "a b.png",
        "ü\u2028\u0301.png",
        "-o.png",
        "'\"`$(x)<&>.png",
        "line\nbreak.png",
        "%s{stem}\\.png",
        ".png.png",
    ]
    for name in [*names[:-1], os.fsdecode(b"not utf-8 \xff.png")]:
        picture(1).save(source / name, "PNG")
    done = tress(source, out, *PLANNED)
    assert done.returncode == ExitCode.OK, done.stderr
    assert set(files_in(out)) == {path.name for path in source.iterdir()}
    assert {row["input"] for row in rows_of(out)} == {path.name for path in source.iterdir()}
    assert tress("review", out).returncode == ExitCode.OK


@needs_proc
def test_two_runs_at_once_the_second_is_told_who_holds_it(tmp_path):
    source, out = photos(tmp_path / "photos", 24, 1000, 700), tmp_path / "out"
    assert tress("plan", source, out, *PLANNED).returncode == ExitCode.OK
    first = started("run", out, "--json")
    first.stdout.readline()
    second = tress("run", out)
    replanned = tress("plan", source, out, *PLANNED)
    # Stopped with the signal that asks for it: the pictures in hand are finished, the rest waits.
    workers = children(first.pid)
    first.send_signal(signal.SIGTERM)
    _, errors = first.communicate()
    assert first.returncode == ExitCode.INTERRUPTED, errors
    assert gone(workers)
    for refused in (second, replanned):
        assert refused.returncode == ExitCode.INPUT
        assert f"is being worked on by process {first.pid}" in refused.stderr
    rows = rows_of(out)
    assert 0 < len(rows) < 24
    assert set(files_in(out)) == {row["output"] for row in rows}
    assert "left" in tress("status", out).stdout
    assert not list((out / ".tress/journal").rglob("*.jsonl"))


@needs_proc
def test_a_second_signal_stops_at_once_and_loses_nothing(tmp_path):
    source, out = photos(tmp_path / "photos", 16, 1000, 700), tmp_path / "out"
    process = started(source, out, *PLANNED, "--json")
    process.stdout.readline()
    workers = children(process.pid)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == ExitCode.INTERRUPTED
    assert gone(workers)
    assert tress("run", out).returncode == ExitCode.OK
    assert len(rows_of(out)) == len(files_in(out)) == 16


def test_a_run_that_goes_wrong_as_a_whole_is_stopped(tmp_path):
    source, out = photos(tmp_path / "photos", 10), tmp_path / "out"
    for number in range(90):
        (source / f"bad{number}.jpg").write_bytes(b"text")
    done = tress(source, out, *PLANNED, "--max-failure-rate", "0.5", "--workers", "1")
    assert done.returncode == ExitCode.TOO_MANY_FAILED, done.stderr
    assert 20 <= len(rows_of(out)) < 100
    assert tress("run", out).returncode == ExitCode.SOME_FAILED
    assert len(rows_of(out)) == 100


@posix_only
def test_an_input_that_changes_or_hangs_after_the_plan(tmp_path):
    source, out = photos(tmp_path / "photos", 6), tmp_path / "out"
    assert tress("plan", source, out, *PLANNED).returncode == ExitCode.OK
    picture(98).save(source / "000.png")
    (source / "003.png").unlink()
    os.mkfifo(source / "003.png")
    (source / "album/001.png").unlink()
    done = tress("run", out, "--timeout", "20")
    assert done.returncode == ExitCode.SOME_FAILED
    codes = {row["input"]: row["code"] for row in rows_of(out) if row["code"]}
    assert codes == {"000.png": "input_changed", "003.png": "timeout", "album/001.png": "path_missing"}
    assert tress("retry", out, "--code", "input_changed").returncode == ExitCode.SOME_FAILED
    assert (out / "000.png").exists()
    (source / "003.png").unlink()
    assert tress(source, out, *PLANNED).returncode == ExitCode.OK


def test_parts_of_a_plan_on_several_machines(tmp_path):
    source, out = photos(tmp_path / "photos", 12), tmp_path / "out"
    assert tress("plan", source, out, *PLANNED, "--shards", "4").returncode == ExitCode.OK
    assert tress("run", out, "--shard", "0/2").returncode == ExitCode.OK
    first = len(rows_of(out))
    assert 0 < first < 12
    assert tress("run", out, "--shard", "1/2").returncode == ExitCode.OK
    assert len(rows_of(out)) == 12
    for wrong in ("2/2", "0/5", "x", "1"):
        assert tress("run", out, "--shard", wrong).returncode == ExitCode.INPUT


def test_what_others_changed_is_not_overwritten(tmp_path):
    source, out = photos(tmp_path / "photos", 2), tmp_path / "out"
    assert tress(source, out, *PLANNED).returncode == ExitCode.OK
    (out / "000.png").write_bytes(b"retouched by hand")
    done = tress(source, out, *PLANNED, "--background", "white")
    assert done.returncode == ExitCode.SOME_FAILED
    assert "target_exists" in done.stderr
    assert (out / "000.png").read_bytes() == b"retouched by hand"
    assert tress(source, out, *PLANNED, "--background", "white", "--overwrite").returncode == ExitCode.SOME_FAILED
    assert tress("retry", out).returncode == ExitCode.OK
    assert (out / "000.png").read_bytes() != b"retouched by hand"


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a small disk, which needs root")
def test_a_full_disk(tmp_path):
    import subprocess

    source, out = photos(tmp_path / "photos", 30, 400, 300), tmp_path / "out"
    out.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", out], check=False).returncode:
        pytest.skip("no right to mount")
    try:
        done = tress(source, out, *PLANNED)
        assert done.returncode in {ExitCode.SOME_FAILED, ExitCode.INPUT}, done.stderr
        assert "disk_full" in done.stderr or "no space is left" in done.stderr
        assert "Traceback" not in done.stderr
        subprocess.run(["mount", "-o", "remount,size=100m", out], check=True)
        assert tress("retry", out).returncode in {ExitCode.OK, ExitCode.SOME_FAILED}
        assert tress("run", out).returncode == ExitCode.OK
        assert len(rows_of(out)) == len(files_in(out)) == 30
    finally:
        subprocess.run(["umount", out], check=True)


def test_the_review_page_shows_what_a_person_should_see(tmp_path):
    from PIL import Image

    source, out = photos(tmp_path / "photos", 2), tmp_path / "out"
    Image.new("RGB", (64, 48)).save(source / "black.png")
    (source / "<b>.jpg").write_bytes(b"text")
    assert tress(source, out, *PLANNED).returncode == ExitCode.SOME_FAILED
    done = tress("review", out, "--below", "1")
    assert done.returncode == ExitCode.OK, done.stderr
    page = Path(done.stdout.strip()).read_text("utf-8")
    assert page.count("<figure") == 4
    assert page.count("data:image/webp;base64,") == 2 * 2 + 1
    assert "<b>.jpg" not in page
    assert "&lt;b&gt;.jpg" in page
    assert "--code not_a_picture" in page
    assert 'src="http' not in page


def test_a_service_embeds_it(tmp_path):
    source, out = photos(tmp_path / "photos", 5), tmp_path / "out"
    report = batch.plan(str(source), str(out), settings=batch.Settings(model=str(MODEL), refine=False))
    assert (report.inputs, report.to_do) == (5, 5)
    seen = []
    summary = batch.run(str(out), how=batch.How(workers=1), progress=seen.append)
    assert (summary.ok, summary.ending, summary.made) == (5, "complete", 5)
    assert [one.done for one in seen] == [0, 1, 2, 3, 4, 5]
    assert seen[-1].eta_seconds == 0
    assert batch.status(str(out)).ok == 5
    assert {row.input for row in batch.read_rows(str(out))} == {row["input"] for row in rows_of(out)}


def test_a_run_may_wait_for_another_to_end(tmp_path):
    source, out = photos(tmp_path / "photos", 2), tmp_path / "out"
    batch.plan(str(source), str(out), settings=batch.Settings(model=str(MODEL), refine=False))
    other = Leases(open_store(str(out)), "other")
    other.take(3)
    with pytest.raises(InputError):
        batch.run(str(out))
    threading.Timer(1.0, other.close).start()
    assert batch.run(str(out), how=batch.How(workers=1, wait_s=300)).ok == 2


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_the_ledger_as_a_table(tmp_path, suffix):
    source, out, table = photos(tmp_path / "photos", 3), tmp_path / "out", tmp_path / f"rows{suffix}"
    assert tress(source, out, *PLANNED).returncode == ExitCode.OK
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    assert tress("status", out, "--export", table).returncode == ExitCode.OK
    if suffix == ".parquet":
        from pyarrow import parquet

        read = parquet.read_table(table).to_pylist()
        assert read[0]["seconds"]["decode"] >= 0
    else:
        read = table.read_text("utf-8").splitlines()[suffix == ".csv" :]
    assert len(read) == 3


def test_duckdb_and_pandas_read_it_in_one_line(tmp_path):
    duckdb, pandas = pytest.importorskip("duckdb"), pytest.importorskip("pandas")
    source, out = photos(tmp_path / "photos", 8), tmp_path / "out"
    assert tress(source, out, *PLANNED, "--shards", "2").returncode == ExitCode.OK
    query = f"select status, count(*), avg(seconds.decode) from '{out}/.tress/ledger/*.jsonl' group by status"
    ((status, count, seconds),) = duckdb.sql(query).fetchall()
    assert (status, count, seconds >= 0) == ("ok", 8, True)
    frames = [pandas.read_json(part, lines=True) for part in (out / ".tress/ledger").glob("*.jsonl")]
    assert len(pandas.concat(frames)) == 8
