"""What a source is, and what is wrong with single inputs."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path

import pytest

from tress.batch.sources import open_source
from tress.errors import InputError


def inputs(source: object, column: str | None = None, output: str = "out") -> dict[str, str]:
    """Input name to where its result lies, or to the code of what is wrong."""
    found = open_source(str(source), column=column, output=output).inputs
    return {one.input: one.problem.code if one.problem else one.relative for one in found}


def code_of(source: object, column: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        inputs(source, column)
    return caught.value.code


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("a.jpg", "b.txt", "deep/er/c.webp", "deep/.d.jpg", "out/a.png", "a.cutout.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_folders_and_patterns(photos: Path) -> None:
    assert inputs(photos) == {"a.jpg": "a.jpg", "deep/er/c.webp": "deep/er/c.webp"}
    assert inputs("*.jpg") == {"a.jpg": "a.jpg"}
    assert inputs("deep/**/*") == {"er/c.webp": "er/c.webp"}
    assert inputs("**/*") == {"a.jpg": "a.jpg", "deep/er/c.webp": "deep/er/c.webp"}
    assert inputs("a.jpg") == {"a.jpg": "a.jpg"}
    assert inputs(f"file://{photos}/deep") == {"er/c.webp": "er/c.webp"}


def test_size_and_version_come_from_the_listing(photos: Path) -> None:
    (found,) = open_source("a.jpg", column=None, output="out").inputs
    assert (found.stat.size_bytes, found.stat.version) == (1, str(os.stat("a.jpg").st_mtime_ns))


def test_lists_name_what_they_like(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "e.jpg"
    elsewhere.write_bytes(b"x")
    Path("list.txt").write_text(f"a.jpg\r\n\ndeep/../a.jpg\nb.txt\nno.jpg\ndeep\n{elsewhere}\n", "utf-8")
    assert inputs("list.txt") == {
        "a.jpg": "a.jpg",
        "b.txt": "b.txt",
        "no.jpg": "path_missing",
        "deep": "not_a_file",
        str(elsewhere): str(elsewhere)[1:],
    }
    assert code_of("list.txt", "path") == "manifest_column"


def test_manifests_have_columns(photos: Path) -> None:
    Path("m.csv").write_text('id,path,photo\n1,no.jpg,a.jpg\n2,,"deep/er/c.webp"\n', "utf-8")
    assert inputs("m.csv") == {"no.jpg": "path_missing"}
    assert inputs("m.csv", "photo") == {"a.jpg": "a.jpg", "deep/er/c.webp": "deep/er/c.webp"}
    Path("m.jsonl").write_text("\n".join(json.dumps({"path": name}) for name in ("a.jpg", "\u2028.jpg")), "utf-8")
    assert inputs("m.jsonl") == {"a.jpg": "a.jpg", "\u2028.jpg": "path_missing"}
    with pytest.raises(InputError, match=r"has no column image; its columns are: id, path, photo"):
        inputs("m.csv", "image")
    Path("m.jsonl").write_text('{"path": "a.jpg"}\nno json\n', "utf-8")
    assert code_of("m.jsonl") == "manifest_unreadable"
    assert code_of("a.jpg", "photo") == "manifest_column"


def test_parquet(photos: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"photo": ["a.jpg", None, "no.jpg"]}), "m.parquet")
    assert inputs("m.parquet", "photo") == {"a.jpg": "a.jpg", "no.jpg": "path_missing"}
    assert code_of("m.parquet") == "manifest_column"
    Path("m.parquet").write_bytes(b"PAR1")
    assert code_of("m.parquet") == "manifest_unreadable"


def test_an_extra_that_is_not_installed_is_named(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package, source, extra in [("pyarrow", "m.parquet", "parquet"), ("fsspec", "s3://bucket/photos", "batch")]:
        Path("m.parquet").write_bytes(b"x")
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(InputError, match=rf"tress\[{extra}\]") as caught:
            inputs(source)
        assert caught.value.code == "extra_missing"


def test_what_is_no_source(photos: Path) -> None:
    assert code_of("nowhere") == "path_missing"
    assert code_of("") == "path_empty"
    assert code_of("b.bin") == "path_missing"
    Path("b.bin").write_bytes(b"x")
    assert code_of("b.bin") == "source_unknown"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX links and rights")
def test_loops_dead_links_and_odd_files(photos: Path) -> None:
    Path("deep/loop").symlink_to(photos)
    Path("dead.jpg").symlink_to("nowhere.jpg")
    Path("self.jpg").symlink_to("self.jpg")
    os.mkfifo("pipe.jpg")
    assert inputs(".") == {
        "a.jpg": "a.jpg",
        "deep/er/c.webp": "deep/er/c.webp",
        "dead.jpg": "path_missing",
        "self.jpg": "path_invalid",
        "pipe.jpg": "not_a_file",
    }


def test_a_folder_without_rights_is_an_input_that_failed(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refused(place):
        if str(place).endswith("er"):
            # As root would never see it.
            raise PermissionError(errno.EACCES, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refused)
    assert inputs(".") == {"a.jpg": "a.jpg", str(photos / "deep/er"): "folder_no_permission"}
    monkeypatch.chdir("deep")
    assert code_of("er") == "path_no_permission"


def test_other_stores_are_listed_once(photos: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for name in ("a.jpg", "x/b.png", "x/note.txt", "x/.c.png", "out/a.png"):
        memory.pipe_file(f"/shop/{name}", b"x")
    try:
        assert inputs("memory://shop", output="memory://shop/out") == {"a.jpg": "a.jpg", "x/b.png": "x/b.png"}
        assert inputs("memory://shop/x/*.png") == {"b.png": "b.png"}
        assert inputs("memory://shop/a.jpg") == {"a.jpg": "a.jpg"}
        assert code_of("memory://nothing") == "path_missing"
        memory.pipe_file("/shop/list.csv", b"path\na.jpg\nmemory://shop/x/b.png\nmemory://other/z.png\n")
        assert inputs("memory://shop/list.csv") == {
            "a.jpg": "a.jpg",
            "x/b.png": "x/b.png",
            "memory://other/z.png": "path_missing",
        }
    finally:
        memory.rm("/shop", recursive=True)
