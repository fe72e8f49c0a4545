"""The web page, and what it loads to work on the device, served with a policy that forbids requests to elsewhere."""

from __future__ import annotations

import os
from importlib.resources import files

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from tress.browser.package import Packed, is_built, package_files
from tress.browser.page import POLICY
from tress.server.work.service import Service

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "wasm": "application/wasm",
    "webmanifest": "application/manifest+json",
}
_PLAIN = "application/octet-stream"
_HEADERS = {
    "Content-Security-Policy": f"{POLICY}; manifest-src 'self'; frame-ancestors 'none'",
    # Both together give the page threads, when it works on the device.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-cache",
}


def site_router(service: Service) -> APIRouter:
    """Routes of the page."""
    router = APIRouter(include_in_schema=False)
    folder = files("tress.server") / "page"
    pages = {item.name: item.read_bytes() for item in folder.iterdir() if item.name.rpartition(".")[2] in _TYPES}

    browser = package_files() if is_built() else {}

    def answer(name: str) -> Response:
        if name not in pages:
            raise _unknown()
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

    @router.api_route("/browser/{name:path}", methods=["GET", "HEAD"])
    async def browser_file(request: Request, name: str) -> Response:
        if name not in browser:
            raise _unknown()
        kind, found = _TYPES.get(name.rpartition(".")[2], _PLAIN), browser[name]
        path = found.path if isinstance(found, Packed) else found
        file = FileResponse(path, headers=_HEADERS, media_type=kind, stat_result=os.stat(path))
        headers = {**_HEADERS, "ETag": file.headers["ETag"]}
        # Megabytes that have not changed need not travel again.
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        if isinstance(found, Packed):
            return Response(await run_in_threadpool(found.read_bytes), headers=headers, media_type=kind)
        return file

    return router


def _unknown() -> HTTPException:
    return HTTPException(404, "there is no such file")
