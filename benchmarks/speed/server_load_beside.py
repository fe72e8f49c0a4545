"""Honest clients beside hostile ones: what they still get, and what it costs whom.

The hostile clients run on the same cores as the service, which strangers do not.  So there are three measurements, in
turns: honest clients alone; honest clients while the hostile ones send all they have to a server that only refuses
(``server_load_sink``); and honest clients while the same is sent to the service.  The first two differ by what hostile
clients cost themselves, the last two by what they cost the service.
"""

from __future__ import annotations

import socket
import statistics
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from benchmarks.speed.server_load_hostile import attacking
from benchmarks.speed.server_load_service import HOST, THREADS, Server, ask, cut, processor_s, repeat
from benchmarks.speed.server_load_sink import sink

_WATCH_S = 0.25


def measure_beside(server: Server, photo: bytes, seconds: float, hostile_key: str, rounds: int) -> dict[str, Any]:
    """Throughput of honest clients in each of the three, and for the last what was answered, and who took how much.

    Args:
        server: takes the keys of both.
        photo: that the honest clients send.
        seconds: for each of the three, over all rounds.
        hostile_key: of the hostile clients.
        rounds: so often the three take turns.
    """
    each_s = seconds / rounds
    statuses: Counter[str] = Counter()
    attempts: Counter[str] = Counter()
    rates: dict[str, list[float]] = {"alone": [], "elsewhere": [], "beside": []}
    cores: defaultdict[str, list[float]] = defaultdict(list)
    slowest_s = 0.0
    cut(server, photo)
    for _ in range(rounds):
        meter = _Meter(service_alone=server.process.pid)
        rates["alone"].append(_rate(server, photo, each_s, Counter()))
        meter.read(cores, each_s)
        with _refusing() as (pid, port), attacking(port, hostile_key, photo) as attack:
            meter = _Meter(clients_elsewhere=attack.pid, refuser=pid, service_elsewhere=server.process.pid)
            rates["elsewhere"].append(_rate(server, photo, each_s, Counter()))
            meter.read(cores, each_s)
        with attacking(server.port, hostile_key, photo) as attack, _watching(server) as watched:
            meter = _Meter(clients=attack.pid, service=server.process.pid)
            rates["beside"].append(_rate(server, photo, each_s, statuses))
            meter.read(cores, each_s)
            attempts += attack.attempts()
        slowest_s = max(slowest_s, *watched)
    return {
        **{f"{name}_per_s": statistics.mean(found) for name, found in rates.items()},
        "rounds_per_s": rates,
        "cores": {name: statistics.mean(found) for name, found in cores.items()},
        "honest_statuses": dict(statuses),
        "healthz_slowest_s": slowest_s,
        "attempts": dict(attempts),
        "rss_mib": server.rss_mib(),
        "log_bytes": server.log.stat().st_size,
    }


def _rate(server: Server, photo: bytes, seconds: float, statuses: Counter[str]) -> float:
    def honest() -> None:
        statuses[str(cut(server, photo).status)] += 1

    done, elapsed = repeat(honest, THREADS + 1, sys.maxsize, seconds)
    return done / elapsed


class _Meter:
    """Processor time of processes from now on."""

    def __init__(self, **pids: int) -> None:
        self._pids = pids
        self._before = {name: processor_s(pid) for name, pid in pids.items()}

    def read(self, cores: defaultdict[str, list[float]], seconds: float) -> None:
        for name, pid in self._pids.items():
            cores[name].append((processor_s(pid) - self._before[name]) / seconds)


@contextmanager
def _refusing() -> Iterator[tuple[int, int]]:
    """Runs the server that only refuses; gives its process and port."""
    with socket.create_server((HOST, 0), backlog=2048) as listener:
        process = get_context("spawn").Process(target=sink, args=(listener,), daemon=True)
        process.start()
        try:
            assert process.pid is not None
            yield process.pid, listener.getsockname()[1]
        finally:
            process.kill()
            process.join()


@contextmanager
def _watching(server: Server) -> Iterator[list[float]]:
    """Seconds that each health check took."""
    over = threading.Event()
    taken = [0.0]

    def watch() -> None:
        while not over.wait(_WATCH_S):
            taken.append(ask(server.port, "GET", "/healthz").seconds)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield taken
    finally:
        over.set()
        watcher.join()
