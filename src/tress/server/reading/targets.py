"""Request targets in absolute form, as for proxies: ``GET http://host/v1/models`` is ``GET /v1/models`` (RFC 9112)."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

_SCHEMES = ("http://", "https://")


class OriginForm:
    """Pure ASGI middleware that turns a target in absolute form into its path."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] == "http" and scope["path"].lower().startswith(_SCHEMES):
            raw: bytes = scope.get("raw_path") or scope["path"].encode()
            path = "/" + raw.decode("latin-1").partition("://")[2].partition("/")[2]
            scope = {**scope, "path": unquote(path), "raw_path": path.encode("latin-1")}
        await self.app(scope, receive, send)
