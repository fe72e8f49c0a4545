"""What a request holds until its answer has been sent: a client that does not read keeps its place, and no further one.

The server that speaks HTTP puts a function into the scope (``tress.sent``) that waits until all has gone, or the
connection has.
"""

from __future__ import annotations

from contextlib import ExitStack

from starlette.types import ASGIApp, Receive, Scope, Send


class UntilSent:
    """Pure ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, and gives back what it holds."""
        with ExitStack() as held:
            scope["tress.held"] = held
            await self.app(scope, receive, send)
            if "tress.sent" in scope:
                await scope["tress.sent"]()


def held_by(scope: Scope) -> ExitStack:
    """What the request of this scope gives back when its answer has been sent."""
    held: ExitStack = scope["tress.held"]
    return held
