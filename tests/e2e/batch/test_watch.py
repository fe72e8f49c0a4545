"""``tress watch``: photos that arrive are cut out, whole ones, once, also after a restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from batches import PLANNED, files_in, photos, picture, rows_of, tress

pytest.importorskip("watchfiles")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
WATCH = [sys.executable, "-c", "from tress.cli.main import run; run()", "watch"]


def watching(source, out):
    command = [*WATCH, str(source), str(out), *PLANNED, "--settle", "0.5"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def wait_for(out, names):
    deadline = time.monotonic() + 240
    while set(files_in(out) if out.is_dir() else ()) != set(names):
        assert time.monotonic() < deadline, (files_in(out).keys(), names)
        time.sleep(0.1)


def stopped(process):
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    return errors


def test_photos_are_cut_out_as_they_arrive(tmp_path):
    source, out = photos(tmp_path / "photos", 1), tmp_path / "out"
    process = watching(source, out)
    wait_for(out, ["000.png"])
    picture(7).save(tmp_path / "whole.png")
    data = (tmp_path / "whole.png").read_bytes()
    with open(source / "slow.png", "wb") as file:
        for start in range(0, len(data), len(data) // 8):
            file.write(data[start : start + len(data) // 8])
            file.flush()
            time.sleep(0.1)
    os.makedirs(source / "sub")
    (tmp_path / "whole.png").rename(source / "sub/moved.png")
    (source / "note.txt").write_bytes(b"no photo")
    wait_for(out, ["000.png", "slow.png", "sub/moved.png"])
    stopped(process)
    assert (out / "slow.png").read_bytes() == (out / "sub/moved.png").read_bytes()

    picture(8).save(source / "while away.png")
    before = {row["input"]: row["finished"] for row in rows_of(out)}
    process = watching(source, out)
    wait_for(out, ["000.png", "slow.png", "sub/moved.png", "while away.png"])
    stopped(process)
    after = {row["input"]: row["finished"] for row in rows_of(out)}
    assert {name: after[name] for name in before} == before
    assert len(after) == 4


def test_only_folders_of_this_machine_can_be_watched(tmp_path):
    done = subprocess.run([*WATCH, "s3://bucket/photos", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "is not a folder of this machine" in done.stderr
    assert tress("watch").returncode == 2
