"""``tress serve`` as a process: worker processes, shared numbers, stopping, and refusals."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_serves_counts_and_finishes_before_it_stops(start, workers):
    process, port, log = start("--workers", workers, "--deadline", "110")
    assert cut(port)[:4] == b"\x89PNG"
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(cut, port) for _ in range(2)]
        for _ in range(200):
            if "tress_accepted_requests 2.0" in get(port, "/metrics"):
                break
            time.sleep(0.05)
        metrics = get(port, "/metrics")
        process.send_signal(signal.SIGTERM)
        assert all(answer.result()[:4] == b"\x89PNG" for answer in answers)
    assert 'route="/v1/cutout",status="200"} ' in metrics
    assert process.wait(30) == 0, log.read_text()
    for line in log.read_text().splitlines():
        json.loads(line)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "no API keys"),
        (("--threads", "0"), "threads must be at least 1"),
        (("--log-level", "loud"), "log level"),
        (("--keys", "no-such-file"), "no-such-file"),
    ],
)
def test_it_says_what_is_wrong_and_stops(arguments, words, capsys):
    from tress.cli.main import main

    assert main(["serve", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_new_key_fits_its_line(capsys, tmp_path):
    from tress.cli.main import main
    from tress.server.keys import load_keys

    assert main(["serve", "--new-key", "shop"]) == 0
    key, line = (text.rpartition("  ")[2].strip() for text in capsys.readouterr().out.splitlines())
    assert load_keys(None, line.rpartition(" ")[2]).identify(key).name == "shop"
