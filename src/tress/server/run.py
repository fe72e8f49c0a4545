"""Runs the service on uvicorn, with one process or several."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import tempfile
from functools import partial
from multiprocessing.context import SpawnProcess
from typing import Any

import uvicorn

from tress.errors import InputError, ModelError
from tress.server.app import create_app, load_remover
from tress.server.config import ServerConfig
from tress.server.rates import RateLimiter
from tress.server.telemetry import MULTIPROCESS_VARIABLE
from tress.server.trace import configure_logging
from tress.server.work import Cutter

log = logging.getLogger("tress.server")
LOG_LEVELS = ("debug", "info", "warning", "error")
# An answer takes a moment to travel after the last deadline has passed.
_GRACE_S = 5
_MAX_HEAD_BYTES = 16 * 1024


def serve(config: ServerConfig, log_level: str = "info") -> None:
    """Serves until SIGINT or SIGTERM; then stops listening and finishes every request that was accepted.

    Work that goes on although its deadline has passed is given up a few seconds later, and ends with the process.

    Raises:
        InputError: the address must not or cannot be listened on.
        ModelError: the network cannot be loaded.
    """
    config.check_exposure()
    configure_logging(log_level)
    with _listen(config.host, config.port) as listener:
        limiter = RateLimiter(config.rate_per_minute, len(config.keys.entries))
        host, port = listener.getsockname()[:2]
        if config.workers == 1:
            remover = load_remover(config)
            log.info("serving", extra={"fields": {"host": host, "port": port, "workers": 1}})
            _run(config, limiter, listener, lambda: remover)
            return
        with tempfile.TemporaryDirectory(prefix="tress-metrics-") as folder:
            os.environ[MULTIPROCESS_VARIABLE] = folder
            log.info("serving", extra={"fields": {"host": host, "port": port, "workers": config.workers}})
            _supervise(config, partial(_worker, config, limiter, listener, log_level))


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise InputError(
            "address_unusable",
            f"{host}:{port} cannot be listened on: {error.strerror or error}",
            hint="another program may be using it: choose another one with --port",
        ) from error


def _run(config: ServerConfig, limiter: RateLimiter, listener: socket.socket, load: Any) -> None:
    app = create_app(config, load=load, limiter=limiter)
    settings = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        http="h11",
        timeout_graceful_shutdown=int(config.deadline_s) + _GRACE_S,
        h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
    )
    # uvicorn raises the signal again once all is finished: a stop that was asked for is no failure.
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        uvicorn.Server(settings).run(sockets=[listener])
    finally:
        if app.state.service.abandoned:
            _end_now()


def _end_now() -> None:
    """Ends the process without joining its threads: Python would wait for one that never comes back."""
    log.warning("stopped in the middle of a picture that took too long")
    logging.shutdown()
    os._exit(0)


def _worker(config: ServerConfig, limiter: RateLimiter, listener: socket.socket, log_level: str) -> None:
    configure_logging(log_level)
    remover: Cutter = load_remover(config)
    _run(config, limiter, listener, lambda: remover)


def _supervise(config: ServerConfig, work: Any) -> None:
    """Keeps the worker processes alive until a signal asks to stop; then each finishes what it accepted.

    Raises:
        ModelError: no worker ever started.
    """
    spawn = multiprocessing.get_context("spawn")
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for process in processes:
            if process.is_alive():
                process.terminate()

    def start() -> SpawnProcess:
        process = spawn.Process(target=work, name="tress-worker")
        process.start()
        return process

    # A fresh process that fails again at once would be started for ever.
    spare = 10
    processes: list[SpawnProcess] = [start() for _ in range(config.workers)]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    while processes:
        multiprocessing.connection.wait([process.sentinel for process in processes])
        for process in [process for process in processes if not process.is_alive()]:
            processes.remove(process)
            if stopping:
                continue
            log.error("a worker ended by itself", extra={"fields": {"exit_code": process.exitcode}})
            if not spare:
                stop()
                raise ModelError("worker_failed", "the worker processes end again and again", hint="see the log above")
            spare -= 1
            processes.append(start())
