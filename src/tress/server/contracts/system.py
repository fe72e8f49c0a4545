"""Routes about the service itself: models, options, health and metrics."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tress.browser.package import is_built
from tress.browser.page import on_device
from tress.catalog import entries
from tress.outputs import describe
from tress.server.contracts.openapi import OWN_ERROR, errors
from tress.server.reporting.telemetry import MEDIA_TYPE
from tress.server.work.service import Service


def system_router(service: Service) -> APIRouter:
    """Routes about the service itself."""
    router = APIRouter(tags=["service"])

    @router.get(
        "/v1/models", operation_id="models", summary="The models", responses=_JSON_OBJECT | errors(OWN_ERROR, 401, 429)
    )
    async def models(request: Request) -> Response:
        """The models of the catalogue, and which of them this service uses."""
        service.admit(request)
        listed = [
            {
                "name": entry.name,
                "description": entry.description,
                "task": entry.task,
                "licence": entry.licence,
                "origin": entry.origin,
                "loaded": service.cutter is not None and entry.name == service.cutter.model,
            }
            for entry in entries()
        ]
        return JSONResponse({"models": listed})

    @router.get(
        "/v1/schema",
        operation_id="schema",
        summary="Options and limits",
        responses=_JSON_OBJECT | errors(OWN_ERROR, 401, 429),
    )
    async def schema(request: Request) -> Response:
        """JSON schema of every output option, as the command line has them, and the limits of this service.

        `device` says how much a page loads that does the work itself, and its largest picture; null: it cannot be had.
        """
        service.admit(request)
        config = service.config
        limits = {
            "max_upload_bytes": config.max_upload_bytes,
            "max_megapixels": config.max_megapixels,
            "deadline_s": config.deadline_s,
            "fetch_urls": config.fetch_urls,
        }
        device = on_device() if config.page and is_built() else None
        return JSONResponse({"options": describe(), "limits": limits, "device": device})

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz", operation_id="healthz", summary="Whether it is alive", responses=_JSON_OBJECT)
    async def healthz() -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    @router.head("/readyz", include_in_schema=False)
    @router.get(
        "/readyz",
        operation_id="readyz",
        summary="Whether it takes requests",
        responses=_JSON_OBJECT | errors({"type": "object"}, 503),
    )
    async def readyz() -> Response:
        """The network is loaded, there is room for another request, and requests are worked on."""
        gate = service.gate
        status = "ok" if service.cutter else "loading"
        if gate.accepted >= gate.room:
            status = "full"
        if status != "loading" and await service.is_stuck():
            status = "stuck"
        answer = {"status": status, "accepted": gate.accepted, "queued": gate.queued, "room": gate.room}
        return JSONResponse(answer, 200 if status == "ok" else 503)

    @router.get(
        "/metrics",
        operation_id="metrics",
        summary="Numbers for Prometheus",
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **errors(OWN_ERROR, 401, 429)},
        response_class=Response,
    )
    async def metrics(request: Request) -> Response:
        """Numbers for Prometheus."""
        if not service.config.open_metrics:
            service.admit(request)
        return Response(service.telemetry.text(), headers={"Content-Type": MEDIA_TYPE})

    return router


_JSON_OBJECT: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"schema": {"type": "object"}}}}}
