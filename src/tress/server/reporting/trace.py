"""Around every request: its id, its times, one line of log, its metrics, and a last answer if everything else fails."""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tress.server.reporting.problems import Problem, Shape, own_shape, problem_of
from tress.server.reporting.telemetry import Telemetry

log = logging.getLogger("tress.server")
_SAFE_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


@dataclass
class Trace:
    """What is known of one request while it is worked on.  Never holds a picture, a key or a URL.

    Attributes:
        id: of the request: the client's ``X-Request-Id`` if it is harmless, else a new one.
        shape: how this interface writes problems.
        caller: name of the key.
        seconds: time of each stage.
        facts: numbers worth logging, such as the bytes that came in.
        headers: to add to the answer, whatever it is.
        error: code of the problem that was answered.
    """

    id: str
    shape: Shape = own_shape
    caller: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    error: str = ""

    @property
    def server_timing(self) -> str:
        """The stages as the header Server-Timing, in milliseconds."""
        return ", ".join(f"{name};dur={seconds * 1000:.1f}" for name, seconds in self.seconds.items())


def trace_of(scope: Scope) -> Trace:
    """The trace of the request in this scope."""
    trace: Trace = scope["tress.trace"]
    return trace


class Tracing:
    """Pure ASGI middleware, outermost."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry, shapes: Mapping[str, Shape]) -> None:
        self.app = app
        self.telemetry = telemetry
        self.shapes = shapes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        trace = Trace(_request_id(Headers(scope=scope)), self._shape(scope["path"]))
        scope["tress.trace"] = trace
        status = 0

        async def send_traced(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in {**_HEADERS, **trace.headers, "X-Request-Id": trace.id}.items():
                    headers.setdefault(name, value)
                if trace.seconds:
                    headers["Server-Timing"] = trace.server_timing
            await send(message)

        try:
            await self.app(scope, receive, send_traced)
        except Exception as error:
            log.exception("unexpected error", extra={"fields": {"request_id": trace.id}})
            if status:
                # The client gets nothing, or half of it.
                status, trace.error = 500, "internal_error"
                raise
            response = problem_response(error, trace)
            await response(scope, receive, send_traced)
        finally:
            elapsed = time.perf_counter() - started
            # The route, not the path: paths are endless, and may hold what does not belong into a log.
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self.telemetry.request(route, method, status, elapsed)
            self.telemetry.stages(trace.seconds)
            log.log(
                logging.DEBUG if route in _QUIET else logging.INFO,
                "request",
                extra={
                    "fields": {
                        "request_id": trace.id,
                        "method": method,
                        "route": route,
                        "status": status,
                        "ms": round(elapsed * 1000, 1),
                        "caller": trace.caller,
                        "error": trace.error,
                        "stages_ms": {name: round(seconds * 1000, 1) for name, seconds in trace.seconds.items()},
                        **trace.facts,
                    }
                },
            )

    def _shape(self, path: str) -> Shape:
        for prefix, shape in self.shapes.items():
            if path.startswith(prefix):
                return shape
        return own_shape


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_QUIET = {"/healthz", "/readyz", "/metrics"}


def problem_response(error: Exception, trace: Trace) -> Any:
    """The answer to an error, in the shape of the request's interface."""
    problem: Problem = problem_of(error)
    trace.error = problem.code
    return trace.shape(problem, trace.id)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _SAFE_ID.fullmatch(given) else secrets.token_hex(8)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Writes a record with the fields that came with it."""
        entry: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def configure_logging(level: str) -> None:
    """Sends all logs to stderr as JSON lines: those of libraries, Python's warnings and unexpected errors as well."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("tress").setLevel(level.upper())
    # It warns of what clients send, as often as they like.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    logging.captureWarnings(True)
    logging.raiseExceptions = False
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda raised: _log_uncaught(raised.exc_type, raised.exc_value, raised.exc_traceback)


def _log_uncaught(*raised: Any) -> None:
    log.critical("unexpected error", exc_info=raised)
