"""What lies compressed in the installation is served as it was."""

import os
import runpy
from pathlib import Path

import pytest

from tress.browser import package
from tress.browser.page import on_device, page_files

PACK = Path(__file__).parents[4] / "tools" / "pack_wasm.py"
WASM = "runtime/some.wasm"
CONTENT = b"\0asm" + 5000 * b"the same again "


@pytest.fixture
def built(tmp_path, monkeypatch):
    """An installation whose WebAssembly was packed."""
    (tmp_path / "runtime").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / WASM).write_bytes(CONTENT)
    (tmp_path / "src/index.js").write_text("export {};")
    monkeypatch.setattr("sys.argv", [str(PACK), str(tmp_path)])
    runpy.run_path(str(PACK), run_name="__main__")
    monkeypatch.setattr(package, "_BUILT", tmp_path)
    return tmp_path


def test_only_the_webassembly_is_packed_and_small(built):
    there = {file.name: file.stat().st_size for file in built.rglob("*") if file.is_file()}
    assert set(there) == {"some.wasm.xz", "index.js"}
    assert there["some.wasm.xz"] < len(CONTENT) / 10


def test_a_page_without_a_server_gets_it_unpacked(built):
    files = page_files()
    assert files[f"browser/{WASM}"] == CONTENT
    assert f"browser/{WASM}.xz" not in files
    assert on_device()["bytes"] > len(CONTENT)


def test_a_server_sends_it_unpacked_and_once(built, make_client):
    client = make_client()
    first = client.get(f"/browser/{WASM}")
    assert (first.status_code, first.content) == (200, CONTENT)
    assert first.headers["content-type"] == "application/wasm"
    assert first.headers["content-length"] == str(len(CONTENT))
    assert first.headers["cross-origin-embedder-policy"] == "require-corp"
    again = client.get(f"/browser/{WASM}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    seen = client.head(f"/browser/{WASM}")
    assert (seen.status_code, seen.content) == (200, b"")
    assert seen.headers["content-length"] == str(len(CONTENT))
    assert client.get(f"/browser/{WASM}.xz").status_code == 404


def test_another_build_is_sent_anew(built, make_client):
    client = make_client()
    first = client.get(f"/browser/{WASM}")
    os.utime(built / f"{WASM}.xz", (1, 1))
    again = client.get(f"/browser/{WASM}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (200, CONTENT)


def test_a_python_without_lzma_offers_nothing(built, monkeypatch):
    assert package.is_built()
    monkeypatch.setattr(package, "find_spec", lambda name: None)
    assert not package.is_built()
