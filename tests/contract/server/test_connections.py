"""Real connections: slow clients and proxies."""

import asyncio
import json
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest

from tress.server.host import connections

HALF = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /v1/cutout HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"

SLOW_HINT = "try again over a faster connection, or send a smaller picture"


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
        head, _, body = drip(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"connection: close" in head.lower().splitlines()
    error = json.loads(body)["error"]
    assert (error["code"], error["hint"]) == ("request_too_slow", SLOW_HINT)
    gate = server.app.state.service.gate
    for _ in range(600):
        if not gate.accepted:
            break
        time.sleep(0.05)
    assert gate.accepted == 0


@pytest.mark.parametrize(("path", "shape"), [("/v1.0/removebg", b'{"errors":'), ("/api/remove", b'{"detail":')])
def test_a_form_that_drips_is_refused_in_the_shape_of_its_interface(serve, monkeypatch, path, shape):
    monkeypatch.setattr(connections, "BODY_GRACE_S", 0.3)
    head = POST.replace(b"/v1/cutout", path.encode()).replace(b"image/png", b"multipart/form-data; boundary=X")
    with connect(serve()) as connection:
        connection.sendall(head % 100_000 + b"--X\r\n")
        head, _, body = hear(connection, b"}]}").partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408")
        assert body.startswith(shape)
        assert connection.recv(1) == b""


def test_silence_instead_of_a_body_after_100_continue_is_answered(serve, monkeypatch):
    monkeypatch.setattr(connections, "BODY_GRACE_S", 0.3)
    with connect(serve()) as connection:
        connection.sendall((POST % 1000).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert hear(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 100")
        assert hear(connection, b"}}").startswith(b"HTTP/1.1 408")


def test_a_late_body_that_nobody_reads_is_not_waited_for(serve, monkeypatch):
    monkeypatch.setattr(connections, "BODY_GRACE_S", 0.2)
    monkeypatch.setattr(connections, "_ANSWER_S", 0.2)
    server = serve()
    service, reading = server.app.state.service, threading.Event()

    async def never(*_):
        reading.set()
        await asyncio.sleep(2)
        raise AssertionError("nobody waits for this")

    monkeypatch.setattr(service, "_read", never)
    with connect(server) as connection:
        connection.sendall(POST % 1000)
        assert connection.recv(1) == b""
    assert reading.is_set()


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


NO_HTTP = {
    "words": b"HELLO\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "long header": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 17_000,
    "bad chunk": POST.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked") + b"zz\r\n",
}


@pytest.mark.parametrize("case", NO_HTTP)
def test_what_is_no_http_is_answered_like_everything_else(serve, case, caplog):
    server = serve()
    with connect(server) as connection:
        connection.sendall(NO_HTTP[case])
        head, _, body = hear(connection, b"}}").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"connection: close" in head.lower().splitlines()
    assert json.loads(body)["error"]["code"] == "http"
    with connect(server) as connection:
        connection.sendall(WHOLE)
        assert hear(connection, b"}").startswith(b"HTTP/1.1 200")
    assert not [record for record in caplog.records if record.exc_info]


def test_no_second_answer_when_the_rest_is_no_http(serve, caplog):
    from tress.server.admission.keys import KeyRing, digest_of

    with connect(serve(keys=KeyRing((("a", digest_of("right")),)))) as connection:
        connection.sendall(POST.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked"))
        assert b"HTTP/1.1 401" in hear(connection, b"}}")
        connection.sendall(b"zz\r\n")
        assert connection.recv(65536) == b""
    assert not [record for record in caplog.records if record.exc_info]
