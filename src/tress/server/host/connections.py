"""Ends connections whose client takes too long to send a request, so that they cannot use up the descriptors."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import h11
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tress.server.reporting.problems import Problem, Refused, own_shape

HEADER_S = 10.0
BODY_GRACE_S = 20.0
BODY_BYTES_PER_S = 4096
# For the application to say that the body was too slow.
_ANSWER_S = 5.0
_NO_HTTP = Problem(
    400,
    "http",
    "this is not HTTP/1.1 that can be read",
    "let an HTTP library write the request; http:// is the scheme here, and a header of more than 16 KB is too long",
)


class PromptProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with limits on how slowly a client may send.

    A request's header must be complete ``HEADER_S`` seconds after the connection was made or the last answer was
    given.  Its body may take ``BODY_GRACE_S`` seconds, and one more for each ``BODY_BYTES_PER_S`` bytes that came.

    A client that is late with a body is answered 408 by the application, unless it has had an answer already; one that
    is late with a header is not answered.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._timer: asyncio.TimerHandle | None = None
        self._phase: object = None
        self._received = 0
        self._began = 0.0
        self._late: object = None
        self._served = self.app
        self.app = self._serve

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Awaits the first header."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Awaits the body once the header is complete, and nothing once all is there."""
        super().data_received(data)
        self._watch(len(data))

    def on_response_complete(self) -> None:
        """Awaits the next header."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Awaits nothing more."""
        self._stop_timer()
        super().connection_lost(exc)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application, which finds out when it reads that the body is late."""
        cycle = self.cycle

        async def receive_in_time() -> Message:
            message = await receive()
            if self._late is cycle and message.get("more_body"):
                raise Refused(
                    "request_too_slow",
                    "the request's body took too long to arrive",
                    hint="try again over a faster connection, or send a smaller picture",
                    headers={"Connection": "close"},
                )
            return message

        await self._served(scope, receive_in_time, send)

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP, if an answer has not been begun already; then closes."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            answer = own_shape(_NO_HTTP, secrets.token_hex(8))
            headers = [*answer.raw_headers, (b"connection", b"close")]
            for event in (
                h11.Response(status_code=400, headers=headers),
                h11.Data(bytes(answer.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        if self.cycle is not None:
            # Whatever the application still has to say would be a second answer.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _watch(self, received: int = 0) -> None:
        """Starts the clock anew whenever something else is awaited from the client."""
        phase = self._awaited()
        if phase == self._phase:
            self._received += received
            return
        self._phase = phase
        self._stop_timer()
        if phase is None or self.transport.is_closing():
            return
        self._received = received
        self._began = self.loop.time()
        self._timer = self.loop.call_later(HEADER_S if phase == "header" else BODY_GRACE_S, self._check)

    def _awaited(self) -> object:
        if self.cycle is None or self.cycle.response_complete:
            return "header"
        # Each request has a clock of its own, also when several come in one piece.
        return self.cycle if self.conn.their_state is h11.SEND_BODY else None

    def _check(self) -> None:
        self._timer = None
        left_s = 0.0
        if self._phase is self.cycle:
            left_s = self._began + BODY_GRACE_S + self._received / BODY_BYTES_PER_S - self.loop.time()
        if left_s > 0:
            self._timer = self.loop.call_later(left_s, self._check)
        elif self._phase is self.cycle and self._late is not self.cycle and not self.cycle.response_started:
            self._late = self.cycle
            self.cycle.message_event.set()
            self._timer = self.loop.call_later(_ANSWER_S, self._check)
        elif not self.transport.is_closing():
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
