"""A server that only refuses: what hostile clients cost themselves shows while they are sent here.

It takes whatever comes, in one thread, and refuses each request in a few bytes as soon as its body is there.
"""

from __future__ import annotations

import selectors
import socket
from dataclasses import dataclass

HOST = "127.0.0.1"
_REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
_READ_BYTES = 1 << 18


@dataclass
class _Client:
    """Bytes that its request still lacks; None before its header has come, and after its refusal."""

    left: int | None = None


def sink(listener: socket.socket) -> None:
    """Serves until the process is ended."""
    listener.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    buffer = bytearray(_READ_BYTES)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                connection, _ = listener.accept()
                connection.setblocking(False)
                selector.register(connection, selectors.EVENT_READ, _Client())
                continue
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            try:
                count = connection.recv_into(buffer)
                if count:
                    _answer(connection, key.data, buffer, count)
            except OSError:
                count = 0
            if not count:
                selector.unregister(connection)
                connection.close()


def _answer(connection: socket.socket, client: _Client, buffer: bytearray, count: int) -> None:
    if client.left is None:
        end = buffer.find(b"\r\n\r\n", 0, count)
        if end < 0:
            return
        head = bytes(buffer[:end]).lower()
        _, _, length = head.partition(b"content-length:")
        client.left = int(length.split()[0]) if length else 0
        count -= end + 4
    client.left -= count
    if client.left <= 0:
        connection.send(_REFUSAL)
        client.left = None
