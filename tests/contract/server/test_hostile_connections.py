"""Clients that do not read, send crumbs, connect without end, or send on after they were refused."""

import asyncio
import contextlib
import errno
import json
import os
import socket
import time
from contextlib import ExitStack

import pytest
import requests

from tress.server.contracts import cutout
from tress.server.host import connections, crowd
from tress.server.host.run import _SayOnce

WHOLE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = (
    b"POST /v1/cutout HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def connect(server, receive_bytes=None):
    connection = socket.socket()
    if receive_bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.settimeout(120)
    connection.connect(("127.0.0.1", server.port))
    return connection


def answer_of(connection):
    """Status line and error code of an answer with a JSON body, after which the connection is closed."""
    heard = b""
    while piece := receive(connection):
        heard += piece
    head, _, body = heard.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower(), heard
    return int(head.split()[1]), json.loads(body)["error"]["code"]


def receive(connection):
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def is_served(connection):
    connection.sendall(WHOLE)
    heard = b""
    while not heard.endswith(b"}") and (piece := receive(connection)):
        heard += piece
    return heard.startswith(b"HTTP/1.1 200")


def until(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def post(size):
    return CHUNKED.replace(b"Transfer-Encoding: chunked", b"Content-Length: %d" % size)


@pytest.fixture
def large(monkeypatch):
    """Every result is larger than what the system buffers for a connection."""
    content = os.urandom(1 << 20) * 24 + b"end"
    monkeypatch.setattr(cutout, "pack_file", lambda *_: (content, "image/png"))
    return content


def test_who_does_not_read_keeps_place_and_megapixels_and_is_cut_off(serve, monkeypatch, large, cutter, png):
    monkeypatch.setattr(connections, "WRITE_S", 4)
    server = serve(threads=1, queue_size=0)
    gate = server.app.state.service.gate
    with connect(server, 8192) as connection:
        connection.sendall(post(len(png)) + png)
        until(lambda: cutter.finished == 1)
        assert receive(connection).startswith(b"HTTP/1.1 200")
        assert gate.accepted == 1
        assert gate.megapixels_used > 0
        refused = requests.post(f"{server.url}/v1/cutout", files={"image": png}, timeout=60)
        assert refused.json()["error"]["code"] == "queue_full"
        until(lambda: gate.accepted == 0)
        assert gate.megapixels_used == 0
        while receive(connection):
            pass


def test_an_answer_waits_in_small_pieces(serve, large, png):
    server = serve()
    with connect(server, 8192) as connection:
        connection.sendall(post(len(png)) + png)
        receive(connection)
        (protocol,) = server.server.server_state.connections
        assert protocol.transport.get_write_buffer_size() <= connections._PIECE_BYTES


def test_who_reads_slowly_but_reads_gets_everything(serve, monkeypatch, large, png):
    monkeypatch.setattr(connections, "WRITE_S", 1)
    monkeypatch.setattr(connections, "WRITE_BYTES_PER_S", 1)
    server = serve()
    with connect(server, 65536) as connection:
        connection.sendall(post(len(png)) + png)
        heard = bytearray()
        while not heard.endswith(b"end"):
            heard += receive(connection)
            if len(heard) % 7 == 0:
                time.sleep(0.001)
    assert bytes(heard.partition(b"\r\n\r\n")[2]) == large
    until(lambda: server.app.state.service.gate.accepted == 0)


def test_a_body_in_crumbs_is_refused(serve):
    server = serve()
    with connect(server) as connection:
        connection.sendall(CHUNKED + b"1\r\nx\r\n" * 2000)
        assert answer_of(connection) == (400, "http")
    with connect(server) as connection:
        assert is_served(connection)


def test_crumbs_after_a_refusal_are_not_read_either(serve):
    from tress.server.admission.keys import KeyRing, digest_of

    server = serve(keys=KeyRing((("a", digest_of("right")),)))
    with connect(server) as connection:
        connection.sendall(CHUNKED)
        heard = b""
        while not heard.endswith(b"}}"):
            heard += receive(connection)
        assert heard.startswith(b"HTTP/1.1 401")
        connection.sendall(b"1\r\nx\r\n" * 2000)
        assert receive(connection) == b""


def test_a_body_in_small_pieces_is_fine(serve, png):
    pieces = [png[start : start + 100] for start in range(0, len(png), 100)]
    answer = requests.post(
        f"{serve().url}/v1/cutout", data=iter(pieces), headers={"Content-Type": "image/png"}, timeout=60
    )
    assert answer.status_code == 200


def test_the_rest_of_a_refused_body_has_an_end(serve, monkeypatch):
    monkeypatch.setattr(connections, "BODY_GRACE_S", 600)
    monkeypatch.setattr(connections, "REST_S", 600)
    sent = 0
    with connect(serve(max_upload_bytes=1000)) as connection, contextlib.suppress(OSError):  # reset, or broken
        connection.sendall(CHUNKED)
        while sent < 1 << 28:
            connection.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")
            sent += 65536
    assert sent < 1 << 28


def test_the_length_of_a_header_counts_in_one_piece_too(serve):
    with connect(serve()) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000 + b"\r\n\r\n")
        assert answer_of(connection) == (400, "http")


def test_two_lengths_are_refused_and_the_connection_is_closed(serve):
    with connect(serve()) as connection:
        connection.sendall(CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n") + b"0\r\n\r\n" + WHOLE)
        assert answer_of(connection) == (400, "http")


def test_answers_do_not_wait_for_acknowledgements(serve):
    server = serve()
    with connect(server) as connection:
        assert is_served(connection)
        (protocol,) = server.server.server_state.connections
        assert protocol.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_one_address_has_so_many_connections(serve):
    server = serve(max_connections_per_address=3, trusted_proxies=("10.0.0.1",))
    with ExitStack() as stack:
        several = [stack.enter_context(connect(server)) for _ in range(3)]
        assert all(map(is_served, several))
        with connect(server) as another:
            assert answer_of(another) == (503, "too_many_connections")
        several[0].close()
        until(lambda: len(server.server.server_state.connections) == 2)
        with connect(server) as another:
            assert is_served(another)
        assert all(map(is_served, several[1:]))


def test_a_trusted_proxy_has_as_many_as_there_are(serve):
    server = serve(max_connections_per_address=2)
    with ExitStack() as stack:
        assert all(is_served(stack.enter_context(connect(server))) for _ in range(5))


def test_new_connections_take_the_room_of_those_that_are_idle(serve):
    server = serve(max_connections=3)
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(connect(server)) for _ in range(3))
        for connection in (second, first, third):
            assert is_served(connection)
        fourth = stack.enter_context(connect(server))
        assert is_served(fourth)
        assert receive(second) == b""
        assert is_served(first)
        assert is_served(third)


def test_connections_in_the_middle_of_a_request_are_kept(serve, png):
    server = serve(max_connections=2)
    gate = server.app.state.service.gate
    with connect(server) as one, connect(server) as other:
        for connection in (one, other):
            connection.sendall(post(len(png)) + png[:-1])
        until(lambda: gate.accepted == 2)
        with connect(server) as another:
            assert answer_of(another) == (503, "too_many_connections")
        for connection in (one, other):
            connection.sendall(png[-1:])
            assert receive(connection).startswith(b"HTTP/1.1 200")


def test_many_connections_leave_room_for_honest_ones(serve):
    server = serve(max_connections=20)
    with ExitStack() as stack:
        for _ in range(150):
            stack.enter_context(connect(server))
        with connect(server) as honest:
            assert is_served(honest)
        assert len(server.server.server_state.connections) <= 21


def test_silence_between_requests_ends_where_the_setting_says(serve):
    with connect(serve(keep_alive_s=1)) as connection:
        assert is_served(connection)
        assert receive(connection) == b""


def test_connections_are_kept_longer_than_a_header_may_take(serve, monkeypatch):
    monkeypatch.setattr(connections, "HEADER_S", 0.5)
    with connect(serve(keep_alive_s=100)) as connection:
        for _ in range(2):
            assert is_served(connection)
            time.sleep(1.5)


def test_connections_that_cannot_be_accepted_do_not_fill_the_log(caplog):
    loop = asyncio.new_event_loop()
    handler = _SayOnce()
    for _ in range(1000):
        handler(loop, {"message": "socket.accept() out of system resource", "exception": OSError(errno.EMFILE, "no")})
    assert [record.message for record in caplog.records] == ["connections cannot be accepted"]
    handler(loop, {"message": "something else"})
    loop.close()
    assert [record.message for record in caplog.records][1:] == ["something else"]


@pytest.mark.parametrize(("descriptors", "affordable"), [(100_000, 1000), (1024, 640), (100, 16)])
def test_connections_stay_below_the_limit_of_descriptors(monkeypatch, descriptors, affordable):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))
    assert crowd.affordable(1000) == affordable


def test_one_customer_of_ipv6_is_one_client():
    from tress.server.admission.clients import client_of

    assert client_of("2001:db8:1:2::7") == client_of("2001:db8:1:2:ffff::1") != client_of("2001:db8:1:3::7")
    assert client_of("::ffff:203.0.113.7") == client_of("203.0.113.7") == "203.0.113.7"
    assert client_of("testclient") == "testclient"
