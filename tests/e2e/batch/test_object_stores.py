"""From bucket to bucket, with real clients: conditional creates, listings, ledgers that cannot append."""

from __future__ import annotations

import json

import pytest
from batches import PLANNED, files_in, kill, photos, rows_of, started, tress
from stores import fsspec, gcs, s3

COUNT = 12


@pytest.fixture(params=["s3", "gcs"])
def bucket(request, tmp_path):
    with s3() if request.param == "s3" else gcs(tmp_path) as address:
        yield address


def upload(folder, address):
    fs, path = fsspec.core.url_to_fs(address)
    for name, data in files_in(folder).items():
        fs.pipe_file(f"{path}/{name}", data)


def download(address):
    fs, path = fsspec.core.url_to_fs(address)
    fs.invalidate_cache()
    found = {name[len(path) + 1 :]: fs.cat_file(name) for name in fs.find(path)}
    return {name: data for name, data in found.items() if not name.startswith(".tress/")}, found


def ledger_in(files):
    lines = [line for name in sorted(files) if "/ledger/" in name for line in files[name].splitlines()]
    return [json.loads(line) for line in lines]


def test_bucket_to_bucket_is_what_folder_to_folder_is(bucket, tmp_path):
    local = photos(tmp_path / "photos", COUNT)
    (local / "no photo.jpg").write_bytes(b"text")
    assert tress(local, tmp_path / "calm", *PLANNED).returncode == 1
    upload(local, f"{bucket}/in")
    done = tress(f"{bucket}/in", f"{bucket}/out", *PLANNED, "--json")
    assert done.returncode == 1, done.stderr
    results, everything = download(f"{bucket}/out")
    assert results == files_in(tmp_path / "calm")
    rows = ledger_in(everything)
    assert len(rows) == COUNT + 1
    assert sorted(row["input"] for row in rows) == sorted(row["input"] for row in rows_of(tmp_path / "calm"))
    assert not [name for name in everything if "/journal/" in name or "/leases/" in name]

    again = tress(f"{bucket}/in", f"{bucket}/out", *PLANNED)
    assert "0 to do, 13 done already" in again.stderr
    fs, path = fsspec.core.url_to_fs(f"{bucket}/in/no photo.jpg")
    fs.pipe_file(path, (local / "000.png").read_bytes())
    assert "1 to do, 12 done already" in tress(f"{bucket}/in", f"{bucket}/out", *PLANNED).stderr
    assert tress("status", f"{bucket}/out", "--json").stdout.count('"failed": 0')


def test_a_run_that_is_killed_goes_on(bucket, tmp_path):
    local = photos(tmp_path / "photos", COUNT * 2, 400, 300)
    upload(local, f"{bucket}/in")
    assert tress("plan", f"{bucket}/in", f"{bucket}/out", *PLANNED, "--shards", 2).returncode == 0
    process = started("run", f"{bucket}/out", "--json")
    for _ in range(5):
        process.stdout.readline()
    kill([process.pid])
    process.communicate()
    done = tress("run", f"{bucket}/out")
    assert done.returncode == 0, done.stderr
    results, everything = download(f"{bucket}/out")
    assert len(results) == len(ledger_in(everything)) == COUNT * 2
    assert not [name for name in everything if "/journal/" in name or "/leases/" in name]


def test_a_file_that_comes_in_between_is_not_overwritten(tmp_path):
    local = photos(tmp_path / "photos", 3)
    with s3() as bucket:
        assert tress("plan", local, f"{bucket}/out", *PLANNED).returncode == 0
        fs, path = fsspec.core.url_to_fs(f"{bucket}/out/000.png")
        fs.pipe_file(path, b"somebody else's")
        done = tress("run", f"{bucket}/out")
        assert done.returncode == 1
        assert "target_exists" in done.stderr
        fs.invalidate_cache()
        assert fs.cat_file(path) == b"somebody else's"
