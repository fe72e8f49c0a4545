"""``tress serve`` as a process: worker processes, shared numbers, stopping, and refusals."""

import importlib.util
import io
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

NEEDED = ("fastapi", "uvicorn", "prometheus_client", "python_multipart")
pytestmark = [
    pytest.mark.skipif(not all(map(importlib.util.find_spec, NEEDED)), reason="needs the extra server"),
    pytest.mark.skipif(os.name == "nt", reason="stops the service with a POSIX signal"),
]
ROOT = Path(__file__).parents[2]
CODE = "import sys; from tress.cli.main import main; sys.exit(main(sys.argv[1:]))"


def command(*arguments):
    return [sys.executable, "-c", CODE, "serve", "--port", "0", *arguments]


@pytest.fixture
def start(tmp_path):
    processes = []

    def start_(*arguments):
        log = tmp_path / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(command(*arguments), stderr=output)
        processes.append(process)
        for _ in range(900):
            time.sleep(0.1)
            assert process.poll() is None, log.read_text()
            lines = [json.loads(line) for line in log.read_text().splitlines()]
            ports = [line["port"] for line in lines if line["message"] == "serving"]
            if ports and get(ports[0], "/readyz"):
                return process, ports[0], log
        raise AssertionError(log.read_text())

    yield start_
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as response:
            return response.read().decode()
    except OSError:
        return ""


def cut(port):
    photo = (ROOT / "examples/lemur.jpg").read_bytes()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/cutout?size=64", photo, {"Content-Type": "image/jpeg"}
    )
    with urllib.request.urlopen(request, timeout=120) as response:
        return response.read()


@pytest.mark.parametrize(("workers", "number"), [("1", signal.SIGTERM), ("2", signal.SIGTERM), ("2", signal.SIGHUP)])
def test_it_serves_counts_and_finishes_before_it_stops(start, workers, number):
    process, port, log = start("--workers", workers, "--deadline", "110")
    assert cut(port)[:4] == b"\x89PNG"
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(cut, port) for _ in range(2)]
        for _ in range(200):
            if "tress_accepted_requests 2.0" in get(port, "/metrics"):
                break
            time.sleep(0.05)
        metrics = get(port, "/metrics")
        process.send_signal(number)
        assert all(answer.result()[:4] == b"\x89PNG" for answer in answers)
    assert 'route="/v1/cutout",status="200"} ' in metrics
    assert process.wait(30) == 0, log.read_text()
    for line in log.read_text().splitlines():
        json.loads(line)


def hold(port):
    """A request that stays accepted until its connection is closed."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    head = "POST /v1/cutout HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: 1000\r\n\r\n"
    connection.sendall(head.encode() + b"\xff\xd8")
    return connection


def until(condition):
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.1)
    return False


def refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("workers", ["1", "2"])
def test_connections_are_refused_while_it_finishes_what_it_accepted(start, workers):
    process, port, log = start("--workers", workers, "--deadline", "110")
    with hold(port):
        assert until(lambda: "tress_accepted_requests 1.0" in get(port, "/metrics"))
        process.send_signal(signal.SIGTERM)
        assert until(lambda: refuses(port))
        assert process.poll() is None
    assert process.wait(30) == 0, log.read_text()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers under /proc")
def test_workers_do_not_outlive_the_process_that_started_them(start, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process, _, log = start("--workers", "2", "--rate", "100")
    workers = workers_of(process)
    assert len(workers) == 2
    assert list(tmp_path.glob("tress-*/rates"))
    process.kill()
    assert until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers)), log.read_text()
    assert until(lambda: not list(tmp_path.glob("tress-*")))
    assert all(json.loads(line) for line in log.read_text().splitlines())


def workers_of(process):
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers under /proc")
def test_the_load_of_workers_that_died_is_forgotten(start):
    process, port, log = start("--workers", "2", "--deadline", "110")
    with hold(port), hold(port):
        assert until(lambda: "tress_accepted_requests 2.0" in get(port, "/metrics"))
        for child in workers_of(process):
            os.kill(child, signal.SIGKILL)
        assert until(lambda: log.read_text().count("a worker ended by itself") == 2)
        assert until(lambda: "tress_accepted_requests 0.0" in get(port, "/metrics"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0, log.read_text()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers under /proc")
def test_ctrl_c_in_a_terminal_ends_all_processes_quietly(start):
    process, _, log = start("--workers", "2")
    for child in workers_of(process):
        os.kill(child, signal.SIGINT)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0, log.read_text()
    assert [json.loads(line)["message"] for line in log.read_text().splitlines()] == ["serving"]


@pytest.fixture
def listener():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener
    for number, handler in before.items():
        signal.signal(number, handler)


def test_workers_that_never_work_are_given_up(listener, caplog):
    from tress.errors import ModelError
    from tress.server.host.supervise import supervise

    with pytest.raises(ModelError) as caught:
        supervise(partial(os._exit, 3), 2, listener, soon_s=600)
    assert caught.value.code == "worker_failed"
    assert sum("ended by itself" in record.message for record in caplog.records) == 11


def test_workers_that_worked_for_a_while_are_replaced_for_ever(listener, caplog, monkeypatch):
    from tress.server.host import supervise

    replaced = []

    def stop_in_the_end(text, **_):
        replaced.append(text)
        if len(replaced) == 14:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(supervise.log, "error", stop_in_the_end)
    supervise.supervise(partial(os._exit, 3), 2, listener, soon_s=0)
    assert len(replaced) >= 14
    assert listener.fileno() == -1


def test_a_stop_while_a_process_starts_is_not_lost(listener, monkeypatch):
    from tress.server.admission.rates import RateLimiter
    from tress.server.config import ServerConfig
    from tress.server.host import run

    plain, lost = run.uvicorn.Server.run, []

    def signalled(server, sockets):
        def give_up():
            lost.append(server)
            server.should_exit = True

        signal.raise_signal(signal.SIGTERM)
        timer = threading.Timer(30, give_up)
        timer.start()
        plain(server, sockets=sockets)
        timer.cancel()

    monkeypatch.setattr(run.uvicorn.Server, "run", signalled)
    run._run(ServerConfig(), RateLimiter(0, 0), listener, object)
    assert not lost


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "no API keys"),
        (("--threads", "0"), "threads must be at least 1"),
        (("--log-level", "loud"), "log level"),
        (("--keys", "no-such-file"), "no-such-file"),
        (("--trust-proxy", "proxy.local"), "'proxy.local' is not a network"),
    ],
)
def test_it_says_what_is_wrong_and_stops(arguments, words, capsys):
    from tress.cli.main import main

    assert main(["serve", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_new_key_fits_its_line(capsys, monkeypatch):
    from tress.cli.main import main
    from tress.server.admission.keys import load_keys

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["serve", "--new-key", "shop"]) == 0
    key, line = (text.rpartition("  ")[2].strip() for text in capsys.readouterr().out.splitlines())
    assert load_keys(None, line).identify(key).name == "shop"


def test_a_new_key_can_be_appended_to_the_key_file(capsys, tmp_path):
    from tress.cli.main import main
    from tress.server.admission.keys import load_keys

    file = tmp_path / "keys.txt"
    owners = {}
    for name in ("shop", "office"):
        assert main(["serve", "--new-key", name]) == 0
        written = capsys.readouterr()
        owners[name] = written.err.rpartition("  ")[2].strip()
        with file.open("a") as keys:
            keys.write(written.out)
    assert {name: load_keys(file, None).identify(key).name for name, key in owners.items()} == {
        "shop": "shop",
        "office": "office",
    }


# ---- the page's preview ---------------------------------------------------------------------------------------------


def preview(port, photo):
    """Status, media type and body of the answer for a photo that browsers cannot show."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/page/preview", photo, {"Content-Type": "image/heic"})
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return response.status, response.headers["Content-Type"], response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read()


def tiff(pixels, **options):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "TIFF", **options)
    return out.getvalue()


def heic(pixels, **options):
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(out, quality=95, **options)
    return out.getvalue()


def test_the_page_shows_what_browsers_do_not(start):
    """Through the whole service: its decoder processes, its limits, its errors."""
    pixels = np.full((48, 64, 3), (30, 60, 200), np.uint8)
    pixels[:, :32] = (220, 60, 30)
    turned = b"Exif\0\0II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, 6, 0, 0)
    thumbnail, photo = Image.fromarray(pixels[::8, ::8]), Image.fromarray(pixels)
    with_thumbnail = io.BytesIO()
    thumbnail.save(with_thumbnail, "TIFF", tiffinfo={254: 1}, save_all=True, append_images=[photo])
    clear = np.dstack([pixels, np.full((48, 64), 255, np.uint8)])
    clear[:24, :, 3] = 0
    shown = {
        "HEIC": (heic(pixels), pixels),
        "HEIC of a phone held upright": (heic(pixels, exif=turned), np.rot90(pixels, -1)),
        "TIFF": (tiff(pixels, compression="tiff_lzw"), pixels),
        "TIFF with a thumbnail in front": (with_thumbnail.getvalue(), pixels),
        "TIFF with alpha": (tiff(clear), clear),
    }
    raw = tiff(pixels, tiffinfo={50706: b"\1\4\0\0"})
    of_webp = tiff(pixels).replace(struct.pack("<HHIHH", 259, 3, 1, 1, 0), struct.pack("<HHIHH", 259, 3, 1, 50001, 0))
    refused = {
        "camera raw": (raw, "picture_unsupported"),
        "torn HEIC": (heic(pixels)[:-200], "picture_truncated"),
        "torn TIFF": (tiff(pixels)[:2000], "picture_truncated"),
        "too large": (tiff(np.zeros((1000, 1100), np.uint8)), "picture_too_large"),
        "a TIFF of WebP": (of_webp, "picture_unsupported"),
        "text": (b"no picture at all", "not_a_picture"),
        "nothing": (b"", "image_missing"),
    }
    process, port, log = start("--max-megapixels", "1")
    for name, (data, expected) in shown.items():
        status, kind, body = preview(port, data)
        assert status == 200, (name, body)
        assert kind == ("image/png" if "alpha" in name else "image/jpeg"), name
        answer = np.asarray(Image.open(io.BytesIO(body)))
        visible = expected[..., 3] > 0 if expected.shape[2] == 4 else np.ones(expected.shape[:2], bool)
        assert answer.shape[:2] == expected.shape[:2], name
        difference = np.abs(answer[..., :3].astype(int) - expected[..., :3])
        assert difference[visible].mean() < 4, name
        if expected.shape[2] == 4:
            np.testing.assert_array_equal(answer[..., 3], expected[..., 3])
    for name, (data, code) in refused.items():
        status, kind, body = preview(port, data)
        assert 400 <= status < 500, (name, status, body)
        assert json.loads(body)["error"]["code"] == code, (name, body)
        assert kind.startswith("application/json"), name
    assert get(port, "/readyz")
    process.terminate()
    assert process.wait(30) == 0
    for line in log.read_text().splitlines():
        assert json.loads(line).get("status", 200) < 500, line
