"""Runs the service on uvicorn, with one process or several."""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from tress.errors import InputError
from tress.server.admission.rates import RateLimiter
from tress.server.app import create_app, load_remover
from tress.server.config import ServerConfig
from tress.server.host.connections import PromptProtocol
from tress.server.host.crowd import BACKLOG, Crowd, affordable
from tress.server.host.supervise import stop_signals, supervise
from tress.server.reporting.telemetry import MULTIPROCESS_VARIABLE, reserve_room
from tress.server.reporting.trace import configure_logging
from tress.server.work.job import Cutter

log = logging.getLogger("tress.server")
LOG_LEVELS = ("debug", "info", "warning", "error")
# An answer takes a moment to travel after the last deadline has passed.
_GRACE_S = 5
# Closing a connection on what the client is still sending may cost it the answer.
_REST_BYTES = 2**20
_LOOPBACK = ("127.0.0.0/8", "::1/128")
_SAY_AGAIN_S = 10.0
# No descriptor, or no memory for one.
_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def serve(config: ServerConfig, log_level: str = "info") -> None:
    """Serves until SIGINT, SIGTERM or SIGHUP; then stops listening and finishes every request that was accepted.

    Work that goes on although its deadline has passed is given up a few seconds later, and ends with the process.

    Raises:
        InputError: the address must not or cannot be listened on.
        ModelError: the network cannot be loaded, or workers end again and again.
    """
    config.check_exposure()
    configure_logging(log_level)
    with _listen(config.host, config.port) as listener:
        limits = (config.rate_per_minute, len(config.keys.entries))
        host, port = listener.getsockname()[:2]
        if config.workers == 1:
            remover = load_remover(config)
            log.info("serving", extra={"fields": {"host": host, "port": port, "workers": 1}})
            _run(config, RateLimiter(*limits), listener, lambda: remover)
            return
        with tempfile.TemporaryDirectory(prefix="tress-") as folder:
            os.environ[MULTIPROCESS_VARIABLE] = folder
            try:
                limiter = RateLimiter(*limits, Path(folder))
            except OSError as error:
                raise InputError(
                    "no_room",
                    f"{folder} cannot be written to: {error.strerror or error}",
                    hint="workers share numbers there: make room, or set TMPDIR",
                ) from error
            log.info("serving", extra={"fields": {"host": host, "port": port, "workers": config.workers}})
            supervise(partial(_worker, config, limiter, listener, log_level), config.workers, listener)


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


def server_settings(config: ServerConfig, app: FastAPI) -> uvicorn.Config:
    """How uvicorn runs the application."""
    proxies = config.trusted_proxies or _LOOPBACK
    crowd = Crowd(affordable(config.max_connections), config.max_connections_per_address, proxies)
    http: Any = partial(
        PromptProtocol,
        crowd=crowd,
        keep_alive_s=config.keep_alive_s,
        rest_bytes=max(config.max_upload_bytes, _REST_BYTES),
    )
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        http=http,
        backlog=BACKLOG,
        # A connection that became a web socket would be out of that protocol's sight.
        ws="none",
        forwarded_allow_ips=list(config.trusted_proxies) or None,
        timeout_keep_alive=math.ceil(config.keep_alive_s),
        timeout_graceful_shutdown=int(config.deadline_s) + _GRACE_S,
    )


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Also keeps connections that cannot be accepted from filling the log."""
        asyncio.get_running_loop().set_exception_handler(_SayOnce())
        await super().startup(sockets)


class _SayOnce:
    """Handles errors of the event loop: one line now and then where there is no room for further connections."""

    def __init__(self) -> None:
        self._said = -_SAY_AGAIN_S

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _NO_ROOM):
            loop.default_exception_handler(context)
        elif time.monotonic() - self._said >= _SAY_AGAIN_S:
            self._said = time.monotonic()
            log.error("connections cannot be accepted", extra={"fields": {"error": str(error)}})


def _run(config: ServerConfig, limiter: RateLimiter, listener: socket.socket, load: Any) -> None:
    app = create_app(config, load=load, limiter=limiter)
    server = _Server(server_settings(config, app))

    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn listens to signals a moment later. Once all is finished it raises the signal again: a stop that was asked
    # for is no failure.
    for number in set(stop_signals()) - {signal.SIGINT}:
        signal.signal(number, stop)
    try:
        server.run(sockets=[listener])
    finally:
        if app.state.service.abandoned:
            _end_now()


def _end_now() -> None:
    """Ends the process without joining its threads: Python would wait for one that never comes back."""
    log.warning("stopped in the middle of a picture that took too long")
    logging.shutdown()
    os._exit(0)


def _worker(config: ServerConfig, limiter: RateLimiter, listener: socket.socket, log_level: str) -> None:
    # Ctrl+C reaches all processes of a terminal; the first one tells the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_logging(log_level)
    threading.Thread(target=_end_as_orphan, daemon=True).start()
    try:
        reserve_room()
        remover: Cutter = load_remover(config)
        _run(config, limiter, listener, lambda: remover)
    except Exception:
        # Python itself would write it beside the log.
        log.exception("a worker failed")
        sys.exit(1)
    finally:
        if not _has_parent():
            shutil.rmtree(os.environ[MULTIPROCESS_VARIABLE], ignore_errors=True)


def _has_parent() -> bool:
    parent = multiprocessing.parent_process()
    return parent is not None and parent.is_alive()


def _end_as_orphan() -> None:
    """Stops this process, as SIGTERM does, when the one that started it is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        log.error("the first process is gone")
        os.kill(os.getpid(), signal.SIGTERM)
