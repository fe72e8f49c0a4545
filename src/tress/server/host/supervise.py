"""Keeps worker processes alive."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import signal
import socket
import time
from collections.abc import Callable
from multiprocessing.context import SpawnProcess

from tress.errors import ModelError
from tress.server.reporting.telemetry import forget_process

log = logging.getLogger("tress.server")
_SOON_S = 30.0
# A fresh process that fails again at once would be started for ever.
_EARLY_DEATHS = 10


def supervise(work: Callable[[], object], workers: int, listener: socket.socket, soon_s: float = _SOON_S) -> None:
    """Keeps worker processes alive until SIGINT, SIGTERM or SIGHUP; then each finishes what it accepted.

    Args:
        work: what a process does; it is pickled.
        workers: number of processes.
        listener: what they listen on.  It is closed at the signal, so that connections are refused from then on.
        soon_s: a process that ends within so many seconds of its start may never have worked.

    Raises:
        ModelError: processes ended soon after their start again and again, and none held out in between.
    """
    reader, writer = multiprocessing.Pipe(duplex=False)
    # The handler only leaves a note: it may interrupt the start of a process that it would not know of yet.
    for number in stop_signals():
        signal.signal(number, lambda *_: writer.send_bytes(b"stop"))
    crew = _Crew(work, soon_s)
    for _ in range(workers):
        crew.start()
    while reader not in crew.wait(reader):
        crew.replace_the_dead()
    listener.close()
    crew.stop()


def stop_signals() -> tuple[signal.Signals, ...]:
    """The signals that ask for a stop.  The end of a terminal is one of them, unless somebody chose to survive it."""
    found = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        found.append(signal.SIGHUP)
    return tuple(found)


class _Crew:
    def __init__(self, work: Callable[[], object], soon_s: float) -> None:
        self._work = work
        self._soon_s = soon_s
        self._started: dict[SpawnProcess, float] = {}
        self._spare = _EARLY_DEATHS

    def start(self) -> None:
        process = multiprocessing.get_context("spawn").Process(target=self._work, name="tress-worker")
        process.start()
        self._started[process] = time.monotonic()

    def wait(self, *others: multiprocessing.connection.Connection) -> list[object]:
        return list(multiprocessing.connection.wait([process.sentinel for process in self._started] + list(others)))

    def replace_the_dead(self) -> None:
        for process in [process for process in self._started if not process.is_alive()]:
            lived_s = time.monotonic() - self._started.pop(process)
            if process.pid is not None:
                forget_process(process.pid)
            log.error("a worker ended by itself", extra={"fields": {"exit_code": process.exitcode}})
            self._spare = self._spare - 1 if lived_s < self._soon_s else _EARLY_DEATHS
            if self._spare < 0:
                self.stop()
                raise ModelError("worker_failed", "the worker processes end again and again", hint="see the log above")
            self.start()

    def stop(self) -> None:
        for process in self._started:
            process.terminate()
        for process in self._started:
            process.join()
