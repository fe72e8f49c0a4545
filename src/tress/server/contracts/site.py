"""The web page: static files beside this module, served with a policy that forbids every request to elsewhere."""

from __future__ import annotations

from importlib.resources import files

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tress.server.work.service import Service

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "webmanifest": "application/manifest+json",
}
# Pictures are shown from memory, as blob: addresses; nothing else is needed, so nothing else is allowed.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self' blob:; "
    "manifest-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-cache",
}


def site_router(service: Service) -> APIRouter:
    """Routes of the page."""
    router = APIRouter(include_in_schema=False)
    folder = files("tress.server") / "page"
    pages = {item.name: item.read_bytes() for item in folder.iterdir() if item.name.rpartition(".")[2] in _TYPES}

    def answer(name: str) -> Response:
        if name not in pages:
            raise HTTPException(404, "there is no such file")
        return Response(pages[name], headers={**_HEADERS, "Content-Type": _TYPES[name.rpartition(".")[2]]})

    @router.api_route("/", methods=["GET", "HEAD"])
    async def index(_: Request) -> Response:
        return answer("index.html")

    @router.api_route("/docs", methods=["GET", "HEAD"])
    async def docs(_: Request) -> Response:
        return answer("docs.html")

    @router.api_route("/favicon.ico", methods=["GET", "HEAD"])
    async def icon(_: Request) -> Response:
        return answer("icon.svg")

    @router.api_route("/page/{name}", methods=["GET", "HEAD"])
    async def file(name: str) -> Response:
        return answer(name)

    return router
