"""Loads the service on loopback, within bounds, and checks what it promises.

    make bench-server
    python -m benchmarks.speed.server_load --requests 200 --out try.json      # a quick look
    python -m benchmarks.speed.server_load --hostile --seconds 120 --out try.json    # the last measurement alone

Seven measurements, each against a `tress serve` that this script starts and stops itself:

1. throughput: requests a second with as many clients as threads, against the bare pipeline in this process;
2. latency: p50 and p99 when requests arrive at 80 % of that throughput;
3. memory: resident set over many requests;
4. queue: 64 clients at once against a short queue get only 200, 429 and 503, each with a body in the right shape;
5. stop: SIGTERM under load; every request that the service accepted is answered;
6. decoders: what it costs to decode a megapixel in another process;
7. hostile: throughput beside hostile clients, against that while they attack another server on the same machine
   (``server_load_beside``); none of the honest requests is lost.

Only 127.0.0.1 is ever addressed, and every loop ends by count or by time.  Exit code 1 if a promise is broken.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.speed.server_load_beside import measure_beside
from benchmarks.speed.server_load_service import LOST, THREADS, KeyPair, Server, cut, repeat, served
from PIL import Image

from tress.io.decode import decode, read_size
from tress.server.work.decoders import Decoders, PictureReader

ROOT = Path(__file__).parents[2]


def bare_rate(photo: bytes, count: int, seconds: float) -> float:
    from tress.api import Remover
    from tress.outputs import parse
    from tress.produce import produce

    remover, options = Remover(), parse({})
    produce(remover, photo, options)
    done, elapsed = repeat(lambda: produce(remover, photo, options), THREADS, count, seconds)
    return done / elapsed


def measure_decoders(photo: bytes, count: int) -> tuple[float, float]:
    """Median ms to read a JPEG of one megapixel, header first: in this process, and in a decoder."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(photo)).convert("RGB").resize((1250, 800)).save(buffer, "JPEG", quality=90)
    source = buffer.getvalue()
    decoders = Decoders(1)
    decoders.start()

    def elsewhere() -> None:
        reader = PictureReader(decoders, 50.0, time.monotonic() + 60)
        reader.read_size(source)
        reader.decode(source)

    def here() -> None:
        read_size(source)
        decode(source)

    times: dict[Callable[[], None], list[float]] = {here: [], elsewhere: []}
    for _ in range(count):
        for way, taken in times.items():
            started = time.perf_counter()
            way()
            taken.append((time.perf_counter() - started) * 1000)
    decoders.close()
    return statistics.median(times[here]), statistics.median(times[elsewhere])


def measure_throughput(server: Server, photo: bytes, count: int, seconds: float) -> float:
    cut(server, photo)
    done, elapsed = repeat(lambda: cut(server, photo), THREADS + 1, count, seconds)
    return done / elapsed


def measure_latency(server: Server, photo: bytes, rate: float, count: int, seconds: float) -> tuple[float, float]:
    """p50 and p99 in ms of requests that arrive evenly at ``rate``, whether or not earlier ones are answered."""
    count = max(4, min(count, int(rate * seconds)))
    started = time.perf_counter()
    with ThreadPoolExecutor(64) as pool:
        waiting = []
        for number in range(count):
            time.sleep(max(0.0, started + number / rate - time.perf_counter()))
            waiting.append(pool.submit(cut, server, photo))
        times = sorted(answer.result().seconds * 1000 for answer in waiting)
    return statistics.median(times), times[min(len(times) - 1, int(len(times) * 0.99))]


def measure_memory(server: Server, photo: bytes, count: int, seconds: float) -> tuple[float, float, int]:
    """Resident MiB after a warm-up of a tenth, and at the end."""
    repeat(lambda: cut(server, photo), THREADS + 1, max(4, count // 10), seconds / 5)
    before = server.rss_mib()
    done, _ = repeat(lambda: cut(server, photo), THREADS + 1, count, seconds)
    return before, server.rss_mib(), done


def measure_full_queue(server: Server, photo: bytes, clients: int) -> tuple[Counter, bool]:
    with ThreadPoolExecutor(clients) as pool:
        answers = list(pool.map(lambda _: cut(server, photo), range(clients)))
    clean = all("error" in json.loads(answer.body) for answer in answers if answer.status in (429, 503))
    return Counter(answer.status for answer in answers), clean


def measure_stop(server: Server, photo: bytes, clients: int) -> tuple[Counter, int, int]:
    """Statuses that clients saw, how many requests the service says it answered with 200, and its exit code."""
    with ThreadPoolExecutor(clients) as pool:
        waiting = [pool.submit(cut, server, photo) for _ in range(clients)]
        time.sleep(1.0)
        os.kill(server.process.pid, signal.SIGTERM)
        statuses = Counter(answer.result().status for answer in waiting)
    code = server.process.wait(90)
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    answered = sum(line.get("route") == "/v1/cutout" and line["status"] == 200 for line in lines)
    return statuses, answered, code


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, default=ROOT / "examples" / "lemur.jpg")
    parser.add_argument("--requests", type=int, default=5000, help="most requests in one measurement")
    parser.add_argument("--seconds", type=float, default=60.0, help="longest time of throughput and latency")
    parser.add_argument("--memory-seconds", type=float, default=1500.0, help="longest time of the memory's")
    parser.add_argument("--hostile", action="store_true", help="only the throughput beside hostile clients")
    parser.add_argument("--rounds", type=int, default=3, help="of the measurements beside hostile clients")
    parser.add_argument("--clients", type=int, default=64, help="at once, for queue and stop")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/server_load.json")
    given = parser.parse_args()
    photo, limits = given.photo.read_bytes(), (given.requests, given.seconds)
    with tempfile.TemporaryDirectory() as scratch:
        return load(given, photo, limits, Path(scratch))


def load(given: argparse.Namespace, photo: bytes, limits: tuple[int, float], folder: Path) -> int:
    results, promises = ({}, {}) if given.hostile else load_honestly(given, photo, limits, folder)
    keys = KeyPair.make()
    # Loopback is no proxy here, or its addresses would have all connections.
    with served(folder, "--trust-proxy", "192.0.2.1", keys=keys) as server:
        beside = measure_beside(server, photo, given.seconds, keys.hostile, given.rounds)
    results["hostile"] = beside
    elsewhere, with_them = beside["elsewhere"], beside["beside"]
    promises |= {
        "hostile clients cost less than a tenth of the throughput": with_them["per_s"] >= 0.9 * elsewhere["per_s"],
        "hostile clients keep the service busy with less than a tenth of the cores": beside["service_cores_for_hostile"]
        < 0.1 * (os.cpu_count() or 1),
        "hostile clients cost no honest request its answer": set(with_them["statuses"]) == {"200"},
    }
    about = {
        "machine": machine.describe(),
        "versions": machine.versions(sys.executable, ["tress", "fastapi", "uvicorn"]),
    }
    pixels = "x".join(map(str, decode(photo).pixels.shape[1::-1]))
    whole = {**about, "photo": f"{given.photo.name} {pixels}", "results": results, "promises": promises}
    given.out.write_text(json.dumps(whole, indent=1) + "\n")
    print(json.dumps(results, indent=2))
    for promise, kept in promises.items():
        print(f"{'kept  ' if kept else 'BROKEN'}  {promise}")
    return 0 if all(promises.values()) else 1


def load_honestly(
    given: argparse.Namespace, photo: bytes, limits: tuple[int, float], folder: Path
) -> tuple[dict[str, Any], dict[str, bool]]:
    """What the first five measurements give, and which promises they keep."""
    here_ms, elsewhere_ms = measure_decoders(photo, 200)
    bare = bare_rate(photo, *limits)
    with served(folder) as server:
        rate = measure_throughput(server, photo, *limits)
        p50, p99 = measure_latency(server, photo, 0.8 * rate, *limits)
        before, after, count = measure_memory(server, photo, given.requests, given.memory_seconds)
    with served(folder, "--queue", "4") as server:
        crowd, clean = measure_full_queue(server, photo, given.clients)
    with served(folder, "--queue", str(given.clients)) as server:
        stopped, answered, code = measure_stop(server, photo, min(given.clients, 16))
    results = {
        "decode_1mp_ms_in_process": here_ms,
        "decode_1mp_ms_in_decoder": elsewhere_ms,
        "bare_per_s": bare,
        "served_per_s": rate,
        "p50_ms_at_80_percent": p50,
        "p99_ms_at_80_percent": p99,
        "rss_mib_before": before,
        "rss_mib_after": after,
        "rss_requests": count,
        "crowd_statuses": {str(status): number for status, number in crowd.items()},
        "stop_statuses": {str(status): number for status, number in stopped.items()},
        "stop_answered": answered,
        "stop_exit_code": code,
    }
    promises = {
        "a decoder costs at most 6 ms for a megapixel": elsewhere_ms - here_ms <= 6,
        "throughput within 15 % of the bare pipeline": rate >= 0.85 * bare,
        "p99 under 3 times p50 at 80 % load": p99 < 3 * p50,
        "memory grows by less than 5 %": after < before * 1.05,
        "a crowd gets only 200, 429 and 503": set(crowd) <= {200, 429, 503} and clean,
        "stopping loses no accepted request": stopped[200] == answered and not stopped[LOST],
    }
    return results, promises


if __name__ == "__main__":
    sys.exit(main())
