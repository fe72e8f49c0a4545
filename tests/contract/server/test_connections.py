"""Real connections: slow clients and proxies."""

import json
import socket
import time
import urllib.error
import urllib.request

import pytest

from tress.server import connections

HALF = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /v1/cutout HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=60)


def drip(connection):
    """Sends a byte at a time until the other side has closed the connection; gives what it said."""
    connection.settimeout(0.05)
    heard = b""
    for _ in range(1200):
        try:
            connection.sendall(b"x")
            piece = connection.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return heard
        if not piece:
            return heard
        heard += piece
    raise AssertionError("the connection stays open")


def hear(connection, end):
    heard = b""
    while not heard.endswith(end):
        piece = connection.recv(65536)
        assert piece, heard
        heard += piece
    return heard


@pytest.fixture
def hurried(serve, monkeypatch):
    monkeypatch.setattr(connections, "HEADER_S", 2)
    return serve


def test_a_header_that_never_ends_is_not_waited_for(hurried):
    with connect(hurried()) as connection:
        connection.sendall(HALF)
        assert drip(connection) == b""


def test_silence_from_the_start_is_not_waited_for(hurried):
    with connect(hurried()) as connection:
        assert connection.recv(1) == b""


def test_a_second_header_that_never_ends_is_not_waited_for(hurried):
    with connect(hurried()) as connection:
        connection.sendall(WHOLE + HALF)
        assert drip(connection).startswith(b"HTTP/1.1 200")


def test_the_rest_of_a_refused_body_is_not_waited_for(hurried):
    server = hurried(max_upload_bytes=1000)
    with connect(server) as connection:
        connection.sendall(POST % 100_000)
        assert b"body_too_large" in drip(connection)


def test_a_body_that_drips_is_not_waited_for(serve, monkeypatch):
    monkeypatch.setattr(connections, "BODY_GRACE_S", 0.3)
    server = serve()
    with connect(server) as connection:
        connection.sendall(POST % 100_000)
        assert drip(connection) == b""
    gate = server.app.state.service.gate
    for _ in range(600):
        if not gate.accepted:
            break
        time.sleep(0.05)
    assert gate.accepted == 0


def test_a_body_may_take_longer_if_enough_of_it_comes(serve, monkeypatch, png):
    monkeypatch.setattr(connections, "BODY_GRACE_S", 0.3)
    monkeypatch.setattr(connections, "BODY_BYTES_PER_S", 1)
    with connect(serve()) as connection:
        connection.sendall(POST % len(png) + png[:-1])
        time.sleep(1)
        connection.sendall(png[-1:])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_slow_answer_is_waited_for(serve, monkeypatch, cutter, png):
    monkeypatch.setattr(connections, "HEADER_S", 3)
    monkeypatch.setattr(connections, "BODY_GRACE_S", 3)
    cutter.go.clear()
    with connect(serve()) as connection:
        connection.sendall(POST % len(png) + png[:-1])
        connection.sendall(png[-1:])
        assert cutter.started.acquire(timeout=60)
        time.sleep(4)
        cutter.go.set()
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_connections_are_kept_for_further_requests(serve):
    with connect(serve()) as connection:
        for _ in range(3):
            connection.sendall(WHOLE)
            assert hear(connection, b"}").startswith(b"HTTP/1.1 200")


def left(server, client):
    """Requests that a client may still send, as a proxy on loopback passes it on."""
    headers = {"X-Forwarded-For": client, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.url}/v1/cutout", json.dumps({}).encode(), headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)
    with caught.value as answer:
        return int(answer.headers["X-RateLimit-Remaining"])


def test_clients_behind_a_trusted_proxy_have_limits_of_their_own(serve, monkeypatch):
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "192.0.2.1")
    server = serve(rate_per_minute=2, trusted_proxies=("10.0.0.0/8", "127.0.0.0/8"))
    assert [left(server, client) for client in ("203.0.113.1", "203.0.113.2")] == [1, 1]


def test_nobody_else_names_the_client(serve):
    server = serve(rate_per_minute=2, trusted_proxies=("10.0.0.1",))
    assert [left(server, client) for client in ("203.0.113.1", "203.0.113.2")] == [1, 0]
