"""URLs of strangers: which addresses are refused, and that no trick leads past the guard."""

import asyncio
import contextlib
import ipaddress
import itertools
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tress.errors import InputError

INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "168.63.129.16", "::ffff:168.63.129.16", "100.100.100.200", "192.0.0.192", "fd20:ce::254",
    "2002:7f00:1::", "2001:0:53aa:64c:0:fbff:80ff:fffe", "2001:db8::1", "fd00:ec2::254",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("text", INSIDE)
def test_inside_addresses_are_refused(text):
    from tress.server.reading.addresses import is_public

    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", OUTSIDE)
def test_outside_addresses_are_fine(text):
    from tress.server.reading.addresses import is_public

    assert is_public(ipaddress.ip_address(text))


def test_one_inside_address_spoils_a_name():
    from tress.server.reading.addresses import AddressGuard

    with pytest.raises(InputError):
        AddressGuard().judge(["8.8.8.8", "127.0.0.1"])
    with pytest.raises(InputError):
        AddressGuard().judge([])
    assert [str(one) for one in AddressGuard(["127.0.0.0/8"]).judge(["127.0.0.1"] * 2)] == ["127.0.0.1"]


@pytest.mark.parametrize("network", ["168.63.128.0/20", "100.64.0.0/10", "169.254.0.0/16", "fd00::/8"])
def test_an_open_network_does_not_open_the_metadata_of_a_cloud(network):
    from tress.server.reading.addresses import AddressGuard

    for text in ("168.63.129.16", "100.100.100.200", "169.254.169.254", "fd00:ec2::254", "::ffff:100.100.100.200"):
        assert not AddressGuard([network]).is_listed(ipaddress.ip_address(text))
        assert AddressGuard([text]).is_listed(ipaddress.ip_address(text))
    inside = next(ipaddress.ip_network(network).hosts())
    assert AddressGuard([network]).is_listed(inside)


@contextlib.contextmanager
def raw_server(*pieces):
    """A server that writes what it is told, the last piece for ever; its URL."""

    def serve():
        with listener.accept()[0] as connection, contextlib.suppress(OSError):
            connection.recv(65536)
            for piece in itertools.chain(pieces, itertools.repeat(pieces[-1], 1_000_000)):
                connection.sendall(piece)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://pictures.test:{listener.getsockname()[1]}/"
        thread.join(60)
        assert not thread.is_alive()


ENDLESS = {
    "interim answers": (b"HTTP/1.1 100 Continue\r\n\r\n",),
    "crumbs": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "a long head": (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000 + b"\r\nContent-Length: 1\r\n\r\nx",),
}


@pytest.mark.parametrize("case", ENDLESS)
def test_servers_that_send_much_and_say_little_are_left(case):
    with raw_server(*ENDLESS[case]) as url, pytest.raises(InputError) as caught:
        fetch(url, timeout_s=300)
    assert caught.value.code in ("url_failed", "url_too_large")
    assert "longer than" not in caught.value.message


@pytest.fixture
def pictures():
    """A small web server on loopback; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            here = f"http://pictures.test:{self.server.server_port}"
            if self.path == "/slow":
                stop.wait(10)
            elif self.path == "/missing":
                self.send_error(404)
            elif self.path.startswith("/to?"):
                self.send_response(302)
                self.send_header("Location", self.path[4:])
                self.end_headers()
            elif self.path == "/loop":
                self.send_response(302)
                self.send_header("Location", here + "/loop")
                self.end_headers()
            elif self.path == "/announced":
                self.send_response(200)
                self.send_header("Content-Length", "5000")
                self.end_headers()
            elif self.path == "/endless":
                self.send_response(200)
                self.end_headers()
                self.wfile.write(bytes(5000))
            else:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"picture")

        def log_message(self, *_):
            pass

    stop = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://pictures.test:{server.server_port}"
    stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(url, networks=("127.0.0.0/8",), names=None, timeout_s=5):
    from tress.server.reading.addresses import AddressGuard
    from tress.server.reading.fetch import Fetcher

    names = names or {"pictures.test": ["127.0.0.1"], "inside.test": ["10.0.0.1"]}
    asked = []

    async def resolver(host, port):
        asked.append(host)
        if host not in names:
            raise OSError
        found = names[host]
        return found.pop(0) if isinstance(found[0], list) else found

    fetcher = Fetcher(AddressGuard(networks), max_bytes=1000, timeout_s=timeout_s, resolver=resolver)
    return asyncio.run(fetcher.get(url))


def code_of(*arguments, **options):
    with pytest.raises(InputError) as caught:
        fetch(*arguments, **options)
    return caught.value.code


def test_a_picture_and_a_redirect_are_followed(pictures):
    assert fetch(f"{pictures}/a.png") == b"picture"
    assert fetch(f"{pictures}/to?/a.png") == b"picture"


def test_a_redirect_is_judged_like_a_first_url(pictures):
    port = pictures.rpartition(":")[2]
    assert code_of(f"{pictures}/to?http://inside.test/x") == "url_forbidden"
    assert code_of(f"{pictures}/to?file:///etc/passwd") == "url_invalid"
    assert code_of(f"{pictures}/to?http://u:p@pictures.test:{port}/") == "url_invalid"
    assert code_of(f"{pictures}/loop") == "url_failed"


def test_a_name_that_changes_its_mind_is_judged_each_time(pictures):
    names = {"pictures.test": [["127.0.0.1"], ["10.0.0.1"]]}
    assert code_of(f"{pictures}/to?/a.png", names=names) == "url_forbidden"


def test_without_permission_loopback_is_refused(pictures):
    assert code_of(f"{pictures}/a.png", networks=()) == "url_forbidden"


def test_ports_other_than_the_usual_are_refused_outside():
    assert code_of("http://outside.test:22/", names={"outside.test": ["8.8.8.8"]}) == "url_forbidden"


def test_an_address_that_does_not_answer_is_not_the_last(pictures):
    names = {"pictures.test": ["127.0.0.9", "127.0.0.1"]}
    assert fetch(f"{pictures}/a.png", names=names) == b"picture"


def test_a_redirect_to_no_url_is_a_failure(pictures):
    assert code_of(f"{pictures}/to?//[") == "url_failed"


def test_slow_names_hold_up_no_upload(make_client, png, monkeypatch):
    stop = threading.Event()
    asked = threading.Semaphore(0)

    def slow(*_, **__):
        asked.release()
        stop.wait(60)
        raise OSError

    client = make_client(queue_size=100)
    monkeypatch.setattr("tress.server.reading.fetch.socket.getaddrinfo", slow)
    try:
        with ThreadPoolExecutor(40) as pool:
            url = {"image_url": "http://slow.test/a.png"}
            slow_ones = [pool.submit(client.post, "/v1/cutout", json=url) for _ in range(40)]
            assert all(asked.acquire(timeout=30) for _ in range(16))
            assert client.post("/v1/cutout", files={"image": png}).status_code == 200
            assert not asked.acquire(timeout=0.1)
            stop.set()
            assert {answer.result().status_code for answer in slow_ones} == {400}
    finally:
        stop.set()


def test_size_and_time_are_limited(pictures):
    assert code_of(f"{pictures}/announced") == "url_too_large"
    assert code_of(f"{pictures}/endless") == "url_too_large"
    assert code_of(f"{pictures}/slow", timeout_s=0.3) == "url_failed"


def test_failures_are_told_apart_from_wrong_urls(pictures):
    assert code_of(f"{pictures}/missing") == "url_failed"
    assert code_of("http://unknown.test/") == "url_failed"
    assert code_of("ftp://pictures.test/") == "url_invalid"
    assert code_of("http://pictures.test:x/") == "url_invalid"


def test_the_interfaces_fetch_from_allowed_networks(make_client, pictures, png, monkeypatch):
    port = pictures.rpartition(":")[2]
    client = make_client(fetch_networks=("127.0.0.0/8",))
    response = client.post("/v1/cutout", json={"image_url": f"http://127.0.0.1:{port}/a.png"})
    # It was fetched: what came is not a picture.
    assert response.json()["error"]["code"] == "not_a_picture"
    off = make_client(fetch_urls=False).post("/v1/cutout", json={"image_url": "http://8.8.8.8/a.png"})
    assert off.json()["error"]["code"] == "url_off"
