"""What Prometheus reads at ``/metrics``; added up over all worker processes."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


# Of each file in which a process keeps its numbers, as the library makes it; ours fill a small part of it.
_FILE_BYTES = 1 << 20
_COUNTED, _LOAD = ("counter", "histogram"), "gauge_livesum"


def reserve_room() -> None:
    """Makes the files in which this process will keep its numbers, with room on the disk for all of them.

    The library would make files full of holes, and the system ends a process that writes into a hole of a full disk.

    Raises:
        OSError: there is no room.
    """
    if folder := os.environ.get(MULTIPROCESS_VARIABLE):
        for kind in (*_COUNTED, _LOAD):
            Path(folder, f"{kind}_{os.getpid()}.db").write_bytes(bytes(_FILE_BYTES))


def forget_process(pid: int) -> None:
    """Drops the load that a worker process reported before it died; what it counted stays, but takes no more room."""
    if folder := os.environ.get(MULTIPROCESS_VARIABLE):
        mark_process_dead(pid)
        for kind in _COUNTED:
            file = Path(folder, f"{kind}_{pid}.db")
            if file.exists():
                with file.open("r+b") as numbers:
                    (used_bytes,) = struct.unpack("i", numbers.read(4))
                    numbers.truncate(max(used_bytes, 8))


class Telemetry:
    """The metrics of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        registry = self._registry
        self._requests = Counter(
            "tress_requests_total", "Requests by route, method and status", ["route", "method", "status"],
            registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "tress_request_seconds", "Time from the first byte to the answer", ["route"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._stages = Histogram(
            "tress_stage_seconds", "Time of each stage of the work", ["stage"], buckets=_SECONDS, registry=registry
        )
        self._accepted = self._gauge("tress_accepted_requests", "Requests accepted and not answered yet")
        self._queued = self._gauge("tress_queue_depth", "Requests that came completely and that no thread works on yet")
        self._megapixels = self._gauge("tress_megapixels_in_flight", "Megapixels of the pictures being worked on")

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts a finished request; status 0 is a client that went away."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def stages(self, seconds: Mapping[str, float]) -> None:
        """Records the time of each stage."""
        for stage, value in seconds.items():
            self._stages.labels(stage).observe(value)

    def load(self, accepted: int, queued: int, megapixels: float) -> None:
        """Records how busy the process is."""
        self._accepted.set(accepted)
        self._queued.set(queued)
        self._megapixels.set(megapixels)

    def text(self) -> bytes:
        """All metrics in Prometheus's text format."""
        registry = self._registry
        if MULTIPROCESS_VARIABLE in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        return generate_latest(registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self._registry, multiprocess_mode="livesum")
