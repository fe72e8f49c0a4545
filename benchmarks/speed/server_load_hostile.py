"""Hostile clients for the service on loopback.  Each acts a few times a second, for as long as it is let.

They have a process of their own, a key of their own and addresses of their own (127.0.0.2 and on), as strangers would.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection

from benchmarks.speed.server_load_files import hostile_pictures

HOST = "127.0.0.1"
_PAUSE_S = 0.5
_TIMEOUT_S = 30.0


@dataclass
class Hostile:
    """What the clients share.

    Attributes:
        port: of the service.
        key: of the hostile clients.
        photo: a picture that the service takes.
        attempts: how often each trick was tried.
    """

    port: int
    key: str
    photo: bytes
    attempts: Counter[str] = field(default_factory=Counter)

    def connect(self, number: int) -> socket.socket:
        """A connection from one of their addresses."""
        connection = socket.create_connection((HOST, self.port), _TIMEOUT_S, source_address=(f"127.0.0.{number}", 0))
        connection.settimeout(_TIMEOUT_S)
        return connection

    def head(self, *lines: str, key: bool = True) -> bytes:
        """The header of a request for a cut-out."""
        every = ["POST /v1/cutout HTTP/1.1", f"Host: {HOST}", *([f"X-API-Key: {self.key}"] if key else []), *lines]
        return "\r\n".join([*every, "", ""]).encode()

    def post(self, body: bytes, kind: str) -> None:
        """Sends one request and reads the answer."""
        connection = http.client.HTTPConnection(HOST, self.port, _TIMEOUT_S, source_address=("127.0.0.2", 0))
        try:
            connection.request("POST", "/v1/cutout", body, {"Content-Type": kind, "X-API-Key": self.key})
            connection.getresponse().read()
        finally:
            connection.close()


@dataclass(frozen=True)
class Attack:
    """Their process, while they act."""

    pid: int
    connection: Connection

    def attempts(self) -> Counter[str]:
        """How often each trick was tried so far."""
        self.connection.send("attempts")
        attempts: Counter[str] = self.connection.recv()
        return attempts


@contextlib.contextmanager
def attacking(port: int, key: str, photo: bytes) -> Iterator[Attack]:
    """Lets all of them act, as soon as they have their pictures."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_attack, args=(port, key, photo, there), daemon=True)
    process.start()
    try:
        here.recv()
        assert process.pid is not None
        yield Attack(process.pid, here)
    finally:
        process.kill()
        process.join()


def _attack(port: int, key: str, photo: bytes, parent: Connection) -> None:
    hostile = Hostile(port, key, photo)
    pictures = hostile_pictures()
    tricks: dict[str, Callable[[Hostile], None]] = {
        "crumbs": _send_crumbs,
        "silence": _connect_and_wait,
        "dripping": _drip,
        "not reading": _do_not_read,
        "sending on": _send_on,
        "pipelining": _pipeline,
        "long fields": _send_long_fields,
        "pictures": lambda hostile: _send_pictures(hostile, pictures),
    }
    for trick in tricks.items():
        threading.Thread(target=_repeat, args=(hostile, *trick), daemon=True).start()
    parent.send("ready")
    while parent.recv():
        parent.send(hostile.attempts)


def _repeat(hostile: Hostile, name: str, trick: Callable[[Hostile], None]) -> None:
    while True:
        time.sleep(_PAUSE_S)
        hostile.attempts[name] += 1
        # Being refused, cut off or late is what is expected.
        with contextlib.suppress(OSError, http.client.HTTPException):
            trick(hostile)


def _send_crumbs(hostile: Hostile) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            connection = stack.enter_context(hostile.connect(3))
            connection.sendall(hostile.head("Content-Type: image/png", "Transfer-Encoding: chunked", key=False))
            connection.sendall(b"1\r\nx\r\n" * 20_000)


def _connect_and_wait(hostile: Hostile) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(300):
            stack.enter_context(hostile.connect(4 + number % 10))
        time.sleep(5)


def _drip(hostile: Hostile) -> None:
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(hostile.connect(20)) for _ in range(8)]
        for connection in slow:
            connection.sendall(hostile.head("Content-Type: image/png", "Content-Length: 1000000"))
        for _ in range(40):
            for connection in slow:
                connection.sendall(b"x")
            time.sleep(1)


def _do_not_read(hostile: Hostile) -> None:
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(socket.socket())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.bind(("127.0.0.21", 0))
        connection.connect((HOST, hostile.port))
        connection.sendall(hostile.head("Content-Type: image/jpeg", f"Content-Length: {len(hostile.photo)}"))
        connection.sendall(hostile.photo)
        time.sleep(20)


def _send_on(hostile: Hostile) -> None:
    with hostile.connect(22) as connection:
        connection.sendall(hostile.head("Content-Type: image/png", "Transfer-Encoding: chunked", key=False))
        for _ in range(100):
            connection.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")
            time.sleep(0.05)


def _pipeline(hostile: Hostile) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(hostile.connect(23)).sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 10)
        time.sleep(5)


def _send_long_fields(hostile: Hostile) -> None:
    fields = {"background": "1" * 60_000, "region": "1 " * 30_000, "x" * 60_000: "y", "position": "%" * 60_000}
    for name, value in fields.items():
        hostile.post(json.dumps({name: value}).encode(), "application/json")
    emoji = json.dumps({"image_b64": "A" * 8_000_000 + "\U0001f600"}, ensure_ascii=False)
    hostile.post(emoji.encode(), "application/json")


def _send_pictures(hostile: Hostile, pictures: dict[str, bytes]) -> None:
    for content in pictures.values():
        with contextlib.suppress(OSError, http.client.HTTPException):
            hostile.post(content, "application/octet-stream")
        time.sleep(_PAUSE_S)
