"""Honest clients beside hostile ones: what they still get, and what it costs whom.

The hostile clients run on the same cores as the service, which strangers do not.  So there are three measurements, in
turns: honest clients alone; honest clients while the hostile ones send all they have to a server that only refuses
(``server_load_sink``); and honest clients while the same is sent to the service.  The first two differ by what hostile
clients cost themselves, the last two by what they cost the service.  The cores that the service is busy
with beyond what the honest requests take elsewhere say the same whatever else runs on the machine, but know nothing of
waiting.
"""

from __future__ import annotations

import os
import socket
import statistics
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from benchmarks.speed.server_load_hostile import attacking
from benchmarks.speed.server_load_service import HOST, THREADS, Server, ask, cut, machine_s, processor_s, repeat
from benchmarks.speed.server_load_sink import sink

_WATCH_S = 0.25


def measure_beside(server: Server, photo: bytes, seconds: float, hostile_key: str, rounds: int) -> dict[str, Any]:
    """Throughput of honest clients in each of the three, who took how much of the processors, and what was answered.

    Args:
        server: takes the keys of both.
        photo: that the honest clients send.
        seconds: for each of the three, over all rounds.
        hostile_key: of the hostile clients.
        rounds: so often the three take turns.
    """
    each_s = seconds / rounds
    honest = _Honest(server, photo)
    attempts: Counter[str] = Counter()
    slowest_s = 0.0
    cut(server, photo)
    for _ in range(rounds):
        honest.ask("alone", each_s)
        with _refusing() as (pid, port), attacking(port, hostile_key, photo) as attack:
            honest.ask("elsewhere", each_s, refuser=pid, clients=attack.pid)
        with attacking(server.port, hostile_key, photo) as attack, _watching(server) as watched:
            honest.ask("beside", each_s, clients=attack.pid)
            attempts += attack.attempts()
        slowest_s = max(slowest_s, *watched)
    found = {name: asked.summary() for name, asked in honest.asked.items()}
    for_honest = found["beside"]["per_s"] * found["elsewhere"]["service_s_per_request"]
    return {
        **found,
        "service_cores_for_hostile": found["beside"]["cores"]["service"] - for_honest,
        "healthz_slowest_s": slowest_s,
        "attempts": dict(attempts),
        "rss_mib": server.rss_mib(),
        "log_bytes": server.log.stat().st_size,
    }


@dataclass
class _Asked:
    """Of one of the three measurements: each round's throughput, and cores that somebody kept busy."""

    statuses: Counter[str] = field(default_factory=Counter)
    rates: list[float] = field(default_factory=list)
    cores: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def summary(self) -> dict[str, Any]:
        cores = {name: statistics.mean(found) for name, found in self.cores.items()}
        per_s = statistics.mean(self.rates)
        return {
            "per_s": per_s,
            "rounds_per_s": self.rates,
            "service_s_per_request": cores["service"] / per_s,
            "cores": cores,
            "statuses": dict(self.statuses),
        }


class _Honest:
    """Honest clients, and a look at the processors while they ask."""

    def __init__(self, server: Server, photo: bytes) -> None:
        self.asked: defaultdict[str, _Asked] = defaultdict(_Asked)
        self._server, self._photo = server, photo

    def ask(self, name: str, seconds: float, **pids: int) -> None:
        asked = self.asked[name]

        def once() -> None:
            asked.statuses[str(cut(self._server, self._photo).status)] += 1

        pids["service"] = self._server.process.pid
        before = self._spent(pids)
        done, elapsed = repeat(once, THREADS + 1, sys.maxsize, seconds)
        asked.rates.append(done / elapsed)
        for who, spent_s in self._spent(pids).items():
            asked.cores[who].append((spent_s - before[who]) / elapsed)

    @staticmethod
    def _spent(pids: dict[str, int]) -> dict[str, float]:
        """Processor seconds so far; of others too, whose work disturbs the measurement."""
        spent = {who: processor_s(pid) for who, pid in pids.items()}
        return {**spent, "others": machine_s() - processor_s(os.getpid())}


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
