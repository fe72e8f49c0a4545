"""Starts a service on loopback, asks it, and says what it takes of the machine."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tress.server.admission.keys import ENVIRONMENT, new_key

HOST = "127.0.0.1"
THREADS = 2
LOST = "connection lost"
REFUSED = "connection refused"


@dataclass(frozen=True)
class Answer:
    status: int | str
    seconds: float
    body: bytes = b""


@dataclass(frozen=True)
class KeyPair:
    """The keys of honest and hostile clients, and their lines for the service."""

    honest: str
    hostile: str
    lines: str

    @classmethod
    def make(cls) -> KeyPair:
        (honest, one), (hostile, other) = new_key("honest"), new_key("hostile")
        return cls(honest, hostile, f"{one},{other}")


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen
    port: int
    log: Path
    key: str = ""

    def rss_mib(self) -> float:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def served(folder: Path, *arguments: str, keys: KeyPair | None = None) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    log = folder / f"serve-{port}.log"
    code = "import sys; from tress.cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "serve", "--port", str(port), "--threads", str(THREADS), *arguments]
    with log.open("wb") as output:
        environment = {**os.environ, ENVIRONMENT: keys.lines if keys else ""}
        process = subprocess.Popen(command, stderr=output, stdout=output, env=environment)
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise SystemExit(f"the service did not start:\n{log.read_text()}")
            if ask(port, "GET", "/readyz").status == 200:
                break
            time.sleep(0.1)
        yield Server(process, port, log, keys.honest if keys else "")
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(90)


def ask(port: int, method: str, path: str, body: bytes = b"", key: str = "") -> Answer:
    started = time.perf_counter()
    connection = http.client.HTTPConnection(HOST, port, timeout=120)
    try:
        connection.connect()
        connection.request(method, path, body, {"Content-Type": "image/jpeg", "X-API-Key": key} if body else {})
        response = connection.getresponse()
        content = response.read()
        return Answer(response.status, time.perf_counter() - started, content)
    except ConnectionRefusedError:
        return Answer(REFUSED, time.perf_counter() - started)
    except (OSError, http.client.HTTPException):
        return Answer(LOST, time.perf_counter() - started)
    finally:
        connection.close()


def cut(server: Server, photo: bytes) -> Answer:
    return ask(server.port, "POST", "/v1/cutout", photo, server.key)


def repeat(work: Callable[[], object], clients: int, count: int, seconds: float) -> tuple[int, float]:
    """Does the work ``count`` times or for ``seconds``, whichever ends first; returns how often, and the time."""
    started = time.perf_counter()
    turns = iter(range(count))
    lock, done = threading.Lock(), 0

    def client() -> None:
        nonlocal done
        while time.perf_counter() - started < seconds:
            with lock:
                if next(turns, None) is None:
                    return
            work()
            with lock:
                done += 1

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done, time.perf_counter() - started


def processor_s(pid: int) -> float:
    """Processor time of a process and all that it started, in seconds (Linux)."""
    with suppress(OSError):  # it has just ended: its parent has its time by now, or at the next look
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        threads = Path(f"/proc/{pid}/task").iterdir()
        children = " ".join((thread / "children").read_text() for thread in threads).split()
        return own + sum(processor_s(int(child)) for child in children)
    return 0.0


def machine_s() -> float:
    """Processor time of everything on this machine since it was started, in seconds (Linux)."""
    user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text().split(maxsplit=8)[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
