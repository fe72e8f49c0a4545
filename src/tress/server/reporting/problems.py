"""From an error to an HTTP status, once for every interface; each interface then gives it its own shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tress.errors import BusyError, InputError, ModelError, TressError

RETRY_AFTER_S = 2
_INPUT_STATUS = {
    "api_key_missing": 401,
    "api_key_wrong": 401,
    "host_forbidden": 403,
    "origin_forbidden": 403,
    "request_too_slow": 408,
    "rate_limited": 429,
    "body_too_large": 413,
    "url_too_large": 413,
    "picture_too_large": 413,
    "content_type": 415,
    "content_encoding": 415,
}
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed"}
_HTTP_HINTS = {
    404: "/openapi.json lists the addresses that there are",
    405: "the header Allow names the methods of this address",
}


@dataclass(frozen=True)
class Problem:
    """An error, ready to be answered.

    Attributes:
        status: HTTP status.
        code: stable name.
        message: what is wrong.
        hint: what to do about it; may be empty.
        headers: to send along.
    """

    status: int
    code: str
    message: str
    hint: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


Shape: TypeAlias = Callable[[Problem, str], Response]
"""Writes a problem (and the request's id) the way one interface does."""


class Refused(InputError):
    """An error that brings response headers of its own."""

    def __init__(self, code: str, message: str, *, hint: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code, message, hint=hint)
        self.headers = dict(headers or {})


def problem_of(error: Exception) -> Problem:
    """The answer to an error; one that nobody expected says nothing of the inside."""
    if isinstance(error, HTTPException):
        code = _HTTP_CODES.get(error.status_code, "http_error")
        hint = _HTTP_HINTS.get(error.status_code, "")
        return Problem(error.status_code, code, str(error.detail), hint, error.headers or {})
    if not isinstance(error, TressError):
        return Problem(500, "internal_error", "something went wrong inside", "report it with the request id")
    headers = dict(error.headers) if isinstance(error, Refused) else {}
    if isinstance(error, BusyError):
        headers.setdefault("Retry-After", str(RETRY_AFTER_S))
        status = 503
    elif isinstance(error, ModelError):
        status = 503
    else:
        status = _INPUT_STATUS.get(error.code, 400)
    if status == 401:
        headers.setdefault("WWW-Authenticate", 'ApiKey header="X-API-Key"')
    return Problem(status, error.code, error.message, error.hint, headers)


def own_shape(problem: Problem, request_id: str) -> Response:
    """How ``/v1`` writes a problem."""
    error = {"code": problem.code, "message": problem.message, "hint": problem.hint, "request_id": request_id}
    return JSONResponse({"error": error}, problem.status, headers=dict(problem.headers))
