"""The service's own interface: ``POST /v1/cutout``."""

from __future__ import annotations

import base64
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tress.errors import InputError
from tress.outputs import describe, parse
from tress.outputs.options import OPTIONS
from tress.server.contracts.headers import header_text
from tress.server.contracts.openapi import PICTURE_FIELDS, cutout_operation
from tress.server.reading.accept import wants_json
from tress.server.reading.body import Body
from tress.server.reading.encoded import read_base64
from tress.server.work.job import Made, Order, pack_file
from tress.server.work.service import Service


def cutout_router(service: Service) -> APIRouter:
    """Routes of the own interface that work on pictures."""
    router = APIRouter(tags=["tress"])

    async def read_order(request: Request, body: Body) -> Order:
        body.check_flat()
        if body.repeated:
            name = min(body.repeated)[:40]
            raise InputError("file_twice", f"{name!r} brings several files", hint="send one request for each picture")
        # Empty means unset, but an unknown name is wrong all the same.
        values: dict[str, object] = {**dict.fromkeys(body.empty, ""), **body.texts}
        for name, text in request.query_params.items():
            if not values.get(name):
                values[name] = text
            elif text and values[name] != text:
                raise InputError("option_twice", f"{name[:40]} stands in the URL and in the body, with two values")
        for name, content in body.files.items():
            if name != "image" and not (name in OPTIONS and OPTIONS[name].kind.takes_file):
                raise InputError("field_unknown", f"no file is expected in field {name[:40]!r}", hint=_FILES_HINT)
            if values.get(name):
                raise InputError("option_twice", f"{name} is given as text and as a file")
            values[name] = content
        picture = {name: value for name in PICTURE_FIELDS if (value := values.pop(name, ""))}
        options = parse(values)
        return Order(await read_picture(service, picture, body.raw), options, pack_file)

    def answer(request: Request, made: Made) -> Response:
        if wants_json(request):
            return JSONResponse(_as_json(made), headers=_headers(made))
        return Response(made.data, media_type=made.media_type, headers=_headers(made))

    @router.post("/v1/cutout", **cutout_operation(describe()))
    async def cutout(request: Request) -> Response:
        return await service.handle(request, read_order, answer)

    return router


_FILES_HINT = (
    f"send the picture as 'image'; also possible: {', '.join(n for n, o in OPTIONS.items() if o.kind.takes_file)}"
)


async def read_picture(service: Service, fields: dict[str, object], raw: bytes) -> bytes:
    """The picture that a request brings in exactly one of the possible ways.

    Args:
        service: fetches URLs.
        fields: ``image`` (bytes), ``image_url`` and ``image_b64`` (text), where given.
        raw: a body that is the picture itself.

    Raises:
        InputError: none or more than one is given, or it cannot be had.
    """
    given = [*fields, *(["body"] if raw else [])]
    if len(given) > 1:
        raise InputError("image_twice", f"the picture is given more than once: {', '.join(given)}")
    if raw:
        return raw
    if "image_url" in fields:
        return await service.fetch(str(fields["image_url"]))
    if "image_b64" in fields:
        return await read_base64(str(fields["image_b64"]))
    if isinstance(content := fields.get("image"), bytes):
        return content
    raise InputError(
        "image_missing",
        "the request brings no picture" if not fields else "field 'image' holds text, not a file",
        hint="send it as file 'image', as 'image_url', as 'image_b64' or as the body itself",
    )


def _headers(made: Made) -> dict[str, str]:
    headers = {
        "Cache-Control": "no-store",
        "X-Width": str(made.width_px),
        "X-Height": str(made.height_px),
        "X-Layout": f"{made.layout.scale:.6g} {made.layout.left_px:g} {made.layout.top_px:g}",
        "X-Found": "true" if made.found else "false",
        "X-Confidence": f"{made.confidence:.3f}",
        "X-Model": header_text(made.model),
        "X-Device": made.device,
    }
    if made.warnings:
        headers["X-Warnings"] = header_text(*made.warnings)
    return headers


def _as_json(made: Made) -> dict[str, Any]:
    return {
        "image_b64": base64.b64encode(made.data).decode(),
        "media_type": made.media_type,
        "width": made.width_px,
        "height": made.height_px,
        "found": made.found,
        "confidence": round(made.confidence, 3),
        "model": made.model,
        "device": made.device,
        "warnings": list(made.warnings),
    }
