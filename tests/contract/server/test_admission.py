"""Keys, rates, limits, the queue, deadlines, clients that go away, and stopping."""

import asyncio
import json
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tress.errors import BusyError, InputError


def code_of(response, status):
    assert response.status_code == status, response.text
    return response.json()["error"]["code"]


def wait_for(condition):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen within 5 s")


def post(server, png, **options):
    return requests.post(f"{server.url}/v1/cutout", files={"image": png}, timeout=20, **options)


def ring(**keys):
    from tress.server.admission.keys import KeyRing, digest_of

    return KeyRing(tuple((name, digest_of(key)) for name, key in keys.items()))


def test_only_known_keys_are_let_in(make_client, png):
    client = make_client(keys=ring(shop="right"))
    missing = client.post("/v1/cutout", files={"image": png})
    assert code_of(missing, 401) == "api_key_missing"
    assert "X-API-Key" in missing.headers["www-authenticate"]
    assert code_of(client.get("/v1/models", headers={"x-api-key": "wrong"}), 401) == "api_key_wrong"
    for headers in ({"x-api-key": "right"}, {"authorization": "Bearer right"}):
        assert client.post("/v1/cutout", files={"image": png}, headers=headers).status_code == 200
    assert client.get("/metrics").status_code == 401
    assert client.get("/healthz").status_code == 200
    assert client.get("/").status_code == 200


def test_a_refused_body_is_not_read(serve):
    server = serve(keys=ring(a="right"))
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = "POST /v1/cutout HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 9000000\r\n"
        connection.sendall((head + "Expect: 100-continue\r\n\r\n").encode())
        assert b" 401 " in connection.recv(200)


def test_keys_are_kept_as_hashes(tmp_path):
    from tress.server.admission.keys import load_keys, new_key

    key, line = new_key("shop")
    file = tmp_path / "keys"
    file.write_text(f"# ours\n\n{line}\n")
    keys = load_keys(file, None)
    assert key not in repr(keys)
    assert keys.identify(key).name == "shop"
    assert keys.identify(key + "x") is None
    other, other_line = new_key("office")
    both = load_keys(file, other_line)
    assert [both.identify(k).slot for k in (key, other)] == [0, 1]


@pytest.mark.parametrize("text", ["plain-key", "a:b:c", "x" * 64, "two words:" + "0" * 64])
def test_a_key_file_with_anything_but_hashes_is_refused_without_repeating_it(tmp_path, text):
    from tress.server.admission.keys import load_keys

    file = tmp_path / "keys"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        load_keys(file, None)
    assert text not in str(caught.value)


def test_an_empty_key_file_does_not_open_the_service(tmp_path):
    from tress.server.admission.keys import load_keys

    file = tmp_path / "keys"
    file.write_text("# none yet\n")
    with pytest.raises(InputError, match="holds no key"):
        load_keys(file, None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])
def test_strangers_are_not_served_by_accident(host):
    from tress.server.config import ServerConfig

    with pytest.raises(InputError) as caught:
        ServerConfig(host=host).check_exposure()
    assert caught.value.code == "server_open"
    ServerConfig(host=host, open_to_all=True).check_exposure()
    ServerConfig(host=host, keys=ring(a="k")).check_exposure()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_is_served_without_keys(host):
    from tress.server.config import ServerConfig

    ServerConfig(host=host).check_exposure()


def test_rates_are_counted_for_each_key(make_client):
    client = make_client(keys=ring(a="one", b="two"), rate_per_minute=2)
    first, second, third = (client.get("/v1/models", headers={"x-api-key": "one"}) for _ in range(3))
    assert [r.headers["x-ratelimit-remaining"] for r in (first, second)] == ["1", "0"]
    assert code_of(third, 429) == "rate_limited"
    assert 1 <= int(third.headers["retry-after"]) <= 31
    assert client.get("/v1/models", headers={"x-api-key": "two"}).status_code == 200


def test_a_bucket_refills_with_time():
    from tress.server.admission.keys import Caller
    from tress.server.admission.rates import RateLimiter

    limiter = RateLimiter(60, 1)
    caller = Caller("a", 0)
    assert all(limiter.take(caller, "", now=1000.0).allowed for _ in range(60))
    refused = limiter.take(caller, "", now=1000.0)
    assert (refused.allowed, refused.remaining, round(refused.retry_in_s, 3)) == (False, 0, 1.0)
    assert limiter.take(caller, "", now=1001.0).allowed
    assert limiter.take(Caller(""), "198.51.100.1", now=1000.0).remaining == 59


def test_large_requests_are_refused_before_and_while_reading(make_client, serve):
    client = make_client(max_upload_bytes=1000)
    announced = client.post("/v1/cutout", content=bytes(2000), headers={"content-type": "image/png"})
    assert code_of(announced, 413) == "body_too_large"
    server = serve(max_upload_bytes=1000)
    chunks = (bytes(100) for _ in range(50))
    streamed = requests.post(f"{server.url}/v1/cutout", data=chunks, headers={"content-type": "image/png"}, timeout=9)
    assert code_of(streamed, 413) == "body_too_large"


def test_a_full_queue_answers_at_once(serve, cutter, png):
    server = serve(threads=1, queue_size=2)
    cutter.go.clear()
    with ThreadPoolExecutor(16) as pool:
        inside = [pool.submit(post, server, png) for _ in range(3)]
        gate = server.app.state.service.gate
        wait_for(lambda: gate.accepted == 3)
        wait_for(lambda: gate.queued == 2)
        assert requests.get(f"{server.url}/readyz", timeout=5).json()["status"] == "full"
        refused = list(pool.map(lambda _: post(server, png), range(8)))
        contract = requests.post(f"{server.url}/v1.0/removebg", files={"image_file": png}, timeout=5)
        cutter.go.set()
        assert [answer.result().status_code for answer in inside] == [200] * 3
    assert {code_of(answer, 503) for answer in refused} == {"queue_full"}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    assert (contract.status_code, contract.json()["errors"][0]["code"]) == (429, "rate_limit_exceeded")
    wait_for(lambda: gate.accepted == 0)
    assert gate.megapixels_used == 0


def test_a_deadline_ends_the_wait_but_keeps_the_place_until_the_work_is_done(serve, cutter, png):
    server = serve(threads=1, queue_size=1, deadline_s=0.4)
    cutter.go.clear()
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: post(server, png), range(2)))
    assert {code_of(answer, 503) for answer in answers} == {"deadline_exceeded"}
    gate = server.app.state.service.gate
    # The one that runs cannot be interrupted; the one that waited is gone.
    wait_for(lambda: gate.accepted == 1)
    cutter.go.set()
    wait_for(lambda: gate.accepted == 0)
    assert cutter.finished == 1


def test_work_is_dropped_when_its_client_goes_away(serve, cutter, png):
    server = serve(threads=1, queue_size=5)
    cutter.go.clear()
    head = (
        f"POST /v1/cutout HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: {len(png)}\r\n\r\n"
    )
    connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
    gate = server.app.state.service.gate
    for number, connection in enumerate(connections, 1):
        connection.sendall(head.encode() + png)
        wait_for(lambda number=number: gate.accepted == number)
    assert cutter.started.acquire(timeout=5)
    for connection in connections[1:]:
        connection.close()
    wait_for(lambda: gate.accepted == 1)
    cutter.go.set()
    assert connections[0].recv(12) == b"HTTP/1.1 200"
    connections[0].close()
    assert cutter.finished == 1


def test_a_client_that_leaves_in_the_middle_of_its_upload_frees_its_place(serve):
    server = serve()
    gate = server.app.state.service.gate
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            b"POST /v1/cutout HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 99\r\n\r\nabc"
        )
        wait_for(lambda: gate.accepted == 1)
    wait_for(lambda: gate.accepted == 0)


def test_stopping_finishes_what_was_accepted(serve, cutter, png):
    server = serve(threads=1, queue_size=8)
    cutter.go.clear()
    gate = server.app.state.service.gate
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(post, server, png) for _ in range(4)]
        wait_for(lambda: gate.accepted == 4)
        server.server.should_exit = True
        time.sleep(0.3)
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{server.url}/healthz", timeout=2)
        cutter.go.set()
        assert [answer.result().status_code for answer in answers] == [200] * 4
    server.thread.join(10)
    assert not server.thread.is_alive()


STUCK_SERVER = """
import socket, sys, threading
import tress.io.decode
from tress.server.host import run
from tress.server.work import service
from tress.server.config import ServerConfig
from tress.server.admission.rates import RateLimiter

class Stuck:
    model, device, max_megapixels = "stuck", "cpu", 50.0

    def matte(self, picture):
        print("stuck", flush=True)
        threading.Event().wait()

service._GRACE_S = 0.2
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
config = ServerConfig(deadline_s=2)
run._run(config, RateLimiter(0, 0), listener, Stuck)
"""


def test_work_that_never_ends_does_not_keep_the_process_from_stopping(png):
    with subprocess.Popen([sys.executable, "-c", STUCK_SERVER], stdout=subprocess.PIPE, text=True) as process:
        try:
            url = f"http://127.0.0.1:{int(process.stdout.readline())}/v1/cutout"
            assert code_of(requests.post(url, files={"image": png}, timeout=60), 503) == "deadline_exceeded"
            assert process.stdout.readline() == "stuck\n"
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()


def test_megapixels_wait_in_turn():
    from tress.server.admission.gate import Gate

    async def scenario():
        gate = Gate(4, 4, 10)
        order = []

        async def use(name, megapixels, seconds):
            with await gate.hold(megapixels):
                order.append(name)
                assert gate.megapixels_used <= 10
                await asyncio.sleep(seconds)

        first = asyncio.create_task(use("first", 8, 0.05))
        await asyncio.sleep(0)
        rest = [asyncio.create_task(use(name, size, 0)) for name, size in [("big", 50), ("gone", 3), ("small", 1)]]
        await asyncio.sleep(0)
        # A small one does not overtake a big one, or the big one would wait for ever.
        assert order == ["first"]
        rest[1].cancel()
        await asyncio.gather(first, *rest, return_exceptions=True)
        assert order == ["first", "big", "small"]
        assert gate.megapixels_used == 0

    asyncio.run(scenario())


def test_the_gate_refuses_when_all_places_are_taken():
    from tress.server.admission.gate import Gate

    gate = Gate(1, 0, 10)
    with gate.enter(), pytest.raises(BusyError):
        gate.enter().__enter__()
    with gate.enter():
        assert gate.accepted == 1


def test_logs_say_what_happened_and_nothing_that_is_private(make_client, png, caplog):
    from tress.server.reporting.trace import JsonFormatter

    client = make_client(keys=ring(shop="top-secret-key"))
    headers = {"x-api-key": "top-secret-key", "x-request-id": "r1"}
    with caplog.at_level(logging.DEBUG, "tress.server"):
        client.post("/v1/cutout?background=white", files={"image": ("aunt-mary.png", png)}, headers=headers)
        client.post("/v1/cutout", json={"image_url": "http://10.0.0.1/private.png"}, headers=headers)
        client.get("/v1/models", headers={"x-api-key": "another-secret"})
    lines = [JsonFormatter().format(record) for record in caplog.records if record.name == "tress.server"]
    entries = [json.loads(line) for line in lines]
    assert [entry["status"] for entry in entries] == [200, 400, 401]
    first = entries[0]
    assert (first["request_id"], first["caller"], first["route"]) == ("r1", "shop", "/v1/cutout")
    assert first["bytes_in"] == len(png)
    assert {"decode", "matte", "encode"} <= set(first["stages_ms"])
    assert entries[1]["error"] == "url_forbidden"
    for private in ("top-secret", "another-secret", "aunt-mary", "10.0.0.1", "private.png"):
        assert not any(private in line for line in lines)


def test_wrong_settings_are_told_at_once():
    from tress.server.config import ServerConfig

    networks = ({name: ("10.0.0.0/33",)} for name in ("fetch_networks", "trusted_proxies"))
    for settings in ({"threads": 0}, {"deadline_s": 0}, {"port": 70000}, *networks):
        with pytest.raises(InputError) as caught:
            ServerConfig(**settings)
        assert caught.value.code == "server_config"


def test_rate_table_is_shared_between_threads():
    from tress.server.admission.keys import Caller
    from tress.server.admission.rates import RateLimiter

    limiter = RateLimiter(100, 1)
    allowed = []

    def take():
        allowed.extend(limiter.take(Caller("a", 0), "", now=5000.0).allowed for _ in range(50))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == 100
