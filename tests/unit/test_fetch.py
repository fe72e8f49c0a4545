"""Fetching models, against a server on this machine that behaves well or badly."""

import gc
import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tress.catalog import fetch
from tress.errors import ModelError

# requests leaves the socket of a torn answer to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

MODEL = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(MODEL).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves ``MODEL`` in the way that ``manner`` says."""

    manner = "well"
    requests = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/model.onnx"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests += 1
        manner = self.server.manner
        body = b"<html>moved</html>" if manner == "other file" else MODEL
        self.send_response({"missing": 404, "broken": 500}.get(manner, 200))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if manner == "torn" else body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("TRESS_OFFLINE", raising=False)
    with Server(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()
    gc.collect()


def failure(url: str, path: Path) -> ModelError:
    with pytest.raises(ModelError) as caught:
        fetch.ensure("net", url, SHA256, path)
    return caught.value


def test_fetched_once_then_used_without_the_server(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    path = tmp_path / "new" / "net.onnx"
    fetch.ensure("net", server.url, SHA256, path)
    assert path.read_bytes() == MODEL
    assert path.stat().st_mode & 0o044
    monkeypatch.setenv("TRESS_OFFLINE", "1")
    fetch.ensure("net", server.url, SHA256, path)
    assert server.requests == 1
    assert capfd.readouterr() == ("", "")
    assert [p.name for p in path.parent.iterdir()] == ["net.onnx"]


@pytest.mark.parametrize(
    ("manner", "code", "says"),
    [
        ("missing", "download_failed", "404"),
        ("broken", "download_failed", "500"),
        ("torn", "download_failed", "in the middle"),
        ("other file", "checksum_mismatch", "not kept"),
    ],
)
def test_bad_server_leaves_nothing_behind(server: Server, tmp_path: Path, manner: str, code: str, says: str) -> None:
    server.manner = manner
    error = failure(server.url, tmp_path / "net.onnx")
    assert error.code == code
    assert says in error.message
    assert error.hint
    assert list(tmp_path.iterdir()) == []


def test_no_network_says_how_to_do_it_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server(("127.0.0.1", 0), Handler) as closed:
        url = closed.url
    path = tmp_path / "net.onnx"
    error = failure(url, path)
    assert error.code == "download_failed"
    assert "could not be reached" in error.message
    assert all(part in error.hint for part in (url, str(path), "TRESS_CACHE"))
    path.write_bytes(MODEL)
    fetch.ensure("net", url, SHA256, path)


def test_damaged_file_is_fetched_again(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(MODEL[:-1] + b"x")
    fetch.ensure("net", server.url, SHA256, path)
    assert path.read_bytes() == MODEL


def test_damaged_file_is_not_used_offline(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRESS_OFFLINE", "1")
    path = tmp_path / "net.onnx"
    path.write_bytes(MODEL[:-1])
    error = failure(server.url, path)
    assert (error.code, server.requests) == ("download_failed", 0)
    assert "damaged" in error.message


def test_unreadable_cache_folder(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    error = failure(server.url, tmp_path / "file" / "net.onnx")
    assert error.code == "cache_unusable"
    assert "TRESS_CACHE" in error.hint


def test_ctrl_c_leaves_nothing_behind(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fetch._PoochBar, "update", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch.ensure("net", server.url, SHA256, tmp_path / "net.onnx", progress=True)
    assert list(tmp_path.iterdir()) == []


def test_progress_goes_to_stderr(server: Server, tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    fetch.ensure("net", server.url, SHA256, tmp_path / "net.onnx", progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "fetching net" in err


def test_two_processes_at_once(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    code = "import sys; from pathlib import Path; from tress.catalog.fetch import ensure;"
    code += "ensure('net', *sys.argv[1:3], Path(sys.argv[3]))"
    command = [sys.executable, "-c", code, server.url, SHA256, str(path)]
    running = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    assert path.read_bytes() == MODEL
    assert [p.name for p in tmp_path.iterdir()] == ["net.onnx"]


def test_cache_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRESS_CACHE", str(tmp_path))
    assert fetch.cache_dir() == tmp_path
    monkeypatch.delenv("TRESS_CACHE")
    assert "tress" in fetch.cache_dir().parts
