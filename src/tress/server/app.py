"""Puts the service together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from http.client import METHOD_NOT_ALLOWED
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from tress.errors import TressError
from tress.server.admission.held import UntilSent
from tress.server.admission.rates import RateLimiter
from tress.server.config import ServerConfig
from tress.server.contracts import rembg, removebg
from tress.server.contracts.cutout import cutout_router
from tress.server.contracts.preview import preview_router
from tress.server.contracts.site import site_router
from tress.server.contracts.system import system_router
from tress.server.reading.targets import OriginForm
from tress.server.reporting.telemetry import Telemetry
from tress.server.reporting.trace import Tracing, problem_response, trace_of
from tress.server.work.decoders import Decoders
from tress.server.work.job import Cutter
from tress.server.work.service import Service

_DESCRIPTION = """
Removes the background of pictures of people and objects.

Keys, where the service asks for them, go into the header `X-API-Key` (or `Authorization: Bearer`).
"""


def create_app(
    config: ServerConfig | None = None,
    *,
    load: Callable[[], Cutter] | None = None,
    limiter: RateLimiter | None = None,
    decoders: Decoders | None = None,
) -> FastAPI:
    """Builds the ASGI application.

    Args:
        config: its settings; None takes the defaults.
        load: loads the network when the application starts; by default the one that ``config`` names.
        limiter: shared by all worker processes; by default one of its own.
        decoders: read the pictures; by default processes that end with the application.
    """
    config = config or ServerConfig()
    telemetry = Telemetry()
    service = Service(
        config,
        load or partial(load_remover, config),
        limiter or RateLimiter(config.rate_per_minute, len(config.keys.entries)),
        telemetry,
        decoders,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        yield
        await service.finish()

    app = FastAPI(
        title="tress",
        version=_version(),
        description=_DESCRIPTION,
        lifespan=lifespan,
        servers=[{"url": config.public_url}] if config.public_url else None,
        # The usual pages load scripts from elsewhere; /docs of our own does not.
        docs_url=None,
        redoc_url=None,
        # A redirect would name the address that a proxy sees, not the client's.
        redirect_slashes=False,
    )
    app.state.service = service
    routers = [cutout_router, system_router, removebg.removebg_router, rembg.rembg_router]
    if config.page:
        routers += [site_router, preview_router]
    routes = list(app.router.routes)
    for make_router in routers:
        router = make_router(service)
        routes += router.routes
        app.include_router(router)
    app.state.routes = routes
    app.add_exception_handler(TressError, _answer_error)
    app.add_exception_handler(HTTPException, _answer_error)
    shapes = {removebg.PREFIX: removebg.removebg_shape, rembg.PREFIX: rembg.rembg_shape}
    if config.allowed_origins:
        app.add_middleware(CORSMiddleware, **_for_pages_elsewhere(config))
    app.add_middleware(Tracing, telemetry=telemetry, shapes=shapes)
    app.add_middleware(UntilSent)
    app.add_middleware(OriginForm)
    _document_keys(app, bool(config.keys))
    return app


def _for_pages_elsewhere(config: ServerConfig) -> dict[str, Any]:
    """What scripts of pages on other origins may send and read.  Cookies are of no use here."""
    return {
        "allow_origins": list(config.allowed_origins),
        "allow_methods": ["GET", "HEAD", "POST"],
        "allow_headers": ["*"],
        "expose_headers": [
            *("X-Width", "X-Height", "X-Layout", "X-Found", "X-Confidence", "X-Model", "X-Device", "X-Warnings"),
            *("X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"),
            *("X-Type", "X-Credits-Charged", "X-Foreground-Top", "X-Foreground-Left"),
            *("X-Foreground-Width", "X-Foreground-Height", "Server-Timing"),
        ],
        "max_age": 600,
    }


def load_remover(config: ServerConfig) -> Cutter:
    """The network that the settings name.

    Raises:
        ModelError: it is not available.
    """
    from tress.api import Remover

    return Remover(config.model, device=config.device, max_megapixels=config.max_megapixels)


async def _answer_error(request: Request, error: Exception) -> Response:
    response: Response = problem_response(error, trace_of(request.scope))
    if response.status_code == METHOD_NOT_ALLOWED:
        # Starlette names the methods of the first route alone, and GET and POST are two routes.
        path = request.scope["path"]
        here = [route for route in request.app.state.routes if route.path_regex.match(path)]
        response.headers["Allow"] = ", ".join(sorted({method for route in here for method in route.methods}))
    return response


def _document_keys(app: FastAPI, required: bool) -> None:
    """Adds the API key to the OpenAPI document, which FastAPI only does for its own kind of dependency."""
    plain = app.openapi

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            document = plain()
            components = document.setdefault("components", {})
            components["securitySchemes"] = {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}
            if required:
                document["security"] = [{"key": []}]
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _version() -> str:
    try:
        return version("tress")
    except PackageNotFoundError:  # run from a source tree
        return "0"
