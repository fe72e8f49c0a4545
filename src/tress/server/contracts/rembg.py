"""rembg's contract at ``/api/remove``: programs written for its server need another host name and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tress.errors import InputError
from tress.outputs import parse
from tress.outputs.option import FALSE_WORDS, TRUE_WORDS
from tress.outputs.options import OutputOptions
from tress.server.contracts.headers import header_text
from tress.server.contracts.openapi import as_text, body, errors
from tress.server.reading.body import Body
from tress.server.reporting.problems import Problem
from tress.server.work.job import Made, Order, pack_file
from tress.server.work.service import Service

PREFIX = "/api/remove"
# Where rembg takes these from when a file is posted; its clients send them in the form.
_ALSO_IN_URL = ("bgc", "extras")
_MODEL = re.compile(r"[A-Za-z0-9_.-]{0,64}")
_STATUS = {400: 422, 415: 422}


def rembg_shape(problem: Problem, request_id: str) -> Response:
    """How rembg's server writes a problem."""
    detail = [{"type": problem.code, "loc": ["body"], "msg": f"{problem.message}. {problem.hint}".strip()}]
    status = _STATUS.get(problem.status, problem.status)
    return JSONResponse({"detail": detail}, status, headers=dict(problem.headers))


def rembg_router(service: Service) -> APIRouter:
    """Routes of the contract."""
    router = APIRouter(tags=["rembg contract"])

    async def read_posted(request: Request, content: Body) -> Order:
        if "file" not in content.files:
            raise InputError("missing", "the request has no file", hint="send the picture as multipart file 'file'")
        in_url = {name: text for name, text in request.query_params.items() if name in _ALSO_IN_URL}
        return _order(request, content.files["file"], {**in_url, **content.texts})

    async def read_url(request: Request, content: Body) -> Order:
        url = request.query_params.get("url", "")
        if not url:
            raise InputError("missing", "the request has no url", hint="add ?url=https://...")
        return _order(request, await service.fetch(url), request.query_params)

    @router.post(PREFIX, **_operation("rembg_post", "Remove the background of a file (rembg's contract)"))
    async def post(request: Request) -> Response:
        return await service.handle(request, read_posted, _answer)

    @router.get(PREFIX, **_operation("rembg_get", "Remove the background of a URL (rembg's contract)"))
    async def get(request: Request) -> Response:
        return await service.handle(request, read_url, _answer)

    return router


def _order(request: Request, source: bytes, values: Mapping[str, str]) -> Order:
    options, warnings = read_parameters(values)
    request.state.warnings = warnings
    return Order(source, options, pack_file)


def read_parameters(values: Mapping[str, str]) -> tuple[OutputOptions, list[str]]:
    """What rembg's parameters mean here.

    Args:
        values: parameter to text: ``model``, ``a``, ``af``, ``ab``, ``ae``, ``om``, ``ppm``, ``bgc``, ``extras``.

    Returns:
        The options, and what cannot be honoured.

    Raises:
        InputError: a value is none that rembg would take.
    """
    warnings = []
    model = values.get("model") or "u2net"
    if not _MODEL.fullmatch(model):
        raise InputError("model", "model is not the name of a model")
    if values.get("model"):
        warnings.append(f"model {model} was asked for; the loaded one was used")
    _flag(values, "a")
    for name, high in (("af", 255), ("ab", 255), ("ae", None)):
        text = values.get(name) or "0"
        if not (text.isascii() and text.isdigit()) or len(text) > 6 or (high is not None and int(text) > high):
            raise InputError(name, f"{name} is not a whole number in its range")
    if _flag(values, "ppm"):
        warnings.append("ppm was ignored: the mask is never hardened")
    mask = _flag(values, "om")
    colour = _colour(values.get("bgc") or "")
    return parse({"mask": mask, "background": "" if mask else colour, "format": "png"}), warnings


def _flag(values: Mapping[str, str], name: str) -> bool:
    text = (values.get(name) or "false").lower()
    if text not in (*TRUE_WORDS, *FALSE_WORDS):
        raise InputError(name, f"{name} is neither true nor false")
    return text in TRUE_WORDS


def _colour(text: str) -> str:
    if not text:
        return ""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (3, 4) or not all(
        p.isascii() and p.isdigit() and len(p) <= 3 and int(p) <= 255 for p in parts
    ):
        raise InputError("bgc", "bgc is not a colour", hint="write red,green,blue,alpha, each from 0 to 255")
    return "#" + "".join(f"{int(part):02x}" for part in parts)


def _answer(request: Request, made: Made) -> Response:
    headers = {"Cache-Control": "no-store", "X-Model": header_text(made.model)}
    if request.state.warnings:
        headers["X-Warnings"] = header_text(*request.state.warnings)
    return Response(made.data, media_type=made.media_type, headers=headers)


_PARAMETERS: dict[str, dict[str, Any]] = {
    "model": {
        "type": "string",
        "pattern": f"^{_MODEL.pattern}$",
        "description": "Accepted; the loaded network is used.",
    },
    "a": {"type": "boolean", "default": False, "description": "Accepted; soft edges are always estimated."},
    "af": {"type": "integer", "minimum": 0, "maximum": 255, "description": "Accepted and ignored."},
    "ab": {"type": "integer", "minimum": 0, "maximum": 255, "description": "Accepted and ignored."},
    "ae": {"type": "integer", "minimum": 0, "maximum": 999_999, "description": "Accepted and ignored."},
    "om": {"type": "boolean", "default": False, "description": "The mask instead of the cut-out."},
    "ppm": {"type": "boolean", "default": False, "description": "Accepted and ignored."},
    "bgc": {"type": "string", "description": "Background colour.", "examples": ["255,255,255,255"]},
    "extras": {"type": "string", "description": "Accepted and ignored."},
}
_ERROR = {
    "type": "object",
    "required": ["detail"],
    "properties": {"detail": {"type": "array", "items": {"type": "object", "required": ["type", "loc", "msg"]}}},
}


def _operation(name: str, summary: str) -> dict[str, Any]:
    query = [{"name": key, "in": "query", "schema": schema} for key, schema in as_text(_PARAMETERS).items()]
    extra: dict[str, Any] = {"parameters": [entry for entry in query if entry["name"] in _ALSO_IN_URL]}
    if name.endswith("get"):
        url = {"name": "url", "in": "query", "required": True, "schema": {"type": "string", "format": "uri"}}
        extra["parameters"] = [url, *query]
    else:
        fields = {"file": {"type": "string", "format": "binary"}, **_PARAMETERS}
        form = body(fields, {"file"}, ("file",), extra=True)["multipart/form-data"]
        extra["requestBody"] = {"required": True, "content": {"multipart/form-data": form}}
    unprocessable = {422: {"description": "Something is wrong.", "content": {"application/json": {"schema": _ERROR}}}}
    return {
        "operation_id": name,
        "summary": summary,
        "response_class": Response,
        "responses": {
            200: {
                "description": "A PNG.",
                "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
            },
            **unprocessable,
            **errors(_ERROR, 401, 408, 413, 429, 503),
        },
        "openapi_extra": extra,
    }
