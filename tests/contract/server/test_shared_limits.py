"""Limits that clients and worker processes share: rates, places, and the files behind them."""

import os
import pickle
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests


def code_of(response, status):
    assert response.status_code == status, response.text
    return response.json()["error"]["code"]


def ring(**keys):
    from tress.server.admission.keys import KeyRing, digest_of

    return KeyRing(tuple((name, digest_of(key)) for name, key in keys.items()))


def post(server, png, **options):
    return requests.post(f"{server.url}/v1/cutout", files={"image": png}, timeout=60, **options)


def wait_for(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def test_who_shares_a_bucket_with_whom_is_not_known_outside():
    from tress.server.admission.keys import Caller
    from tress.server.admission.rates import RateLimiter

    limiters = [RateLimiter(60, 0) for _ in range(8)]
    addresses = [f"198.51.100.{number}" for number in range(100)]
    assert len({tuple(map(limiter._bucket, addresses)) for limiter in limiters}) == 8
    one, nobody = RateLimiter(60, 0), Caller("")
    assert one.take(nobody, "2001:db8:1:2::1", now=1.0).remaining == 59
    assert one.take(nobody, "2001:db8:1:2:3::1", now=1.0).remaining == 58


HOLDING = """
import fcntl, os, sys, time
file = os.open(sys.argv[1], os.O_RDWR)
fcntl.lockf(file, fcntl.LOCK_EX)
print("locked", flush=True)
time.sleep(600)
"""


def test_a_worker_that_dies_with_the_lock_stops_nobody(tmp_path):
    pytest.importorskip("fcntl")
    from tress.server.admission.keys import Caller
    from tress.server.admission.rates import RateLimiter

    limiter = RateLimiter(60, 1, tmp_path)
    other = pickle.loads(pickle.dumps(limiter))
    caller = Caller("a", 0)
    assert [one.take(caller, "", now=1.0).remaining for one in (limiter, other, limiter)] == [59, 58, 57]
    command = [sys.executable, "-c", HOLDING, str(tmp_path / "rates")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "locked\n"
        assert limiter.take(caller, "", now=1.0).remaining == 56
        process.kill()
    assert other.take(caller, "", now=1.0).remaining == 55


COUNTING = """
import os, sys
from tress.server.reporting import telemetry
telemetry.reserve_room()
numbers = telemetry.Telemetry()
numbers.request("/x", "GET", 200, 1.0)
numbers.load(3, 2, 1.0)
files = [entry.stat() for entry in os.scandir(sys.argv[1])]
assert len(files) == 3 and all(file.st_blocks * 512 >= file.st_size > 0 for file in files), files
telemetry.forget_process(os.getpid())
assert sum(entry.stat().st_size for entry in os.scandir(sys.argv[1])) < 100_000
print(numbers.text().decode())
"""


@pytest.mark.skipif(not hasattr(os, "statvfs"), reason="asks for the blocks of files")
def test_shared_numbers_have_room_on_the_disk_from_the_start(tmp_path):
    command = [sys.executable, "-c", COUNTING, str(tmp_path)]
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    assert 'tress_requests_total{method="GET",route="/x",status="200"} 1.0' in done.stdout
    assert "tress_accepted_requests 3.0" not in done.stdout


def test_one_of_several_keys_cannot_have_all_places(serve, cutter, png):
    server = serve(threads=1, queue_size=3, keys=ring(a="one", b="two"))
    cutter.go.clear()
    gate = server.app.state.service.gate
    with ThreadPoolExecutor(8) as pool:
        greedy = [pool.submit(post, server, png, headers={"x-api-key": "one"}) for _ in range(2)]
        wait_for(lambda: gate.accepted == 2)
        assert code_of(post(server, png, headers={"x-api-key": "one"}), 503) == "queue_full"
        modest = [pool.submit(post, server, png, headers={"x-api-key": "two"}) for _ in range(2)]
        wait_for(lambda: gate.accepted == 4)
        cutter.go.set()
        assert [answer.result().status_code for answer in (*greedy, *modest)] == [200] * 4
    wait_for(lambda: gate.accepted == 0)
    assert not any(gate._held.values())


def test_uploads_on_their_way_do_not_count_as_queue(serve, cutter, png):
    server = serve(threads=1, queue_size=5)
    gate = server.app.state.service.gate
    cutter.go.clear()
    head = b"POST /v1/cutout HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 99\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as slow, ThreadPoolExecutor(3) as pool:
        slow.sendall(head + b"abc")
        answers = [pool.submit(post, server, png) for _ in range(3)]
        wait_for(lambda: gate.accepted == 4)
        wait_for(lambda: gate.queued == 2)
        cutter.go.set()
        assert [answer.result().status_code for answer in answers] == [200] * 3
    wait_for(lambda: gate.accepted == 0)
    assert gate.queued == 0
