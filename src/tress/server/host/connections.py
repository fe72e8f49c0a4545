"""Ends connections that take too long, take too much, or are too many, so that they cannot stop the service."""

from __future__ import annotations

import asyncio
import secrets
import socket
from typing import Any

import h11
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tress.server.host.crowd import Crowd
from tress.server.reading.frugal import FrugalConnection
from tress.server.reporting.problems import RETRY_AFTER_S, Problem, Refused, own_shape

HEADER_S = 10.0
BODY_GRACE_S = 20.0
BODY_BYTES_PER_S = 4096
# What still comes after an answer is thrown away for so long, so that the client gets to read the answer.
REST_S = 20.0
# So much of what waits to be sent, or all of it, has to go every time.
WRITE_S = 10.0
WRITE_BYTES_PER_S = 16 * 1024
_PIECE_BYTES = 256 * 1024
# For the application to say that the body was too slow.
_ANSWER_S = 5.0
_NO_HTTP = Problem(
    400,
    "http",
    "this is not HTTP/1.1 that can be read",
    "let an HTTP library write the request: http:// is the scheme, its header has at most 16 KB and not both "
    "Content-Length and Transfer-Encoding, and its body comes in pieces of a kilobyte or more",
)
_CROWDED = Problem(
    503,
    "too_many_connections",
    "there are too many connections",
    "close connections that are not needed, and try again",
    {"Retry-After": str(RETRY_AFTER_S)},
)


class PromptProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with limits on how slowly a client may send and read, and how much it may send.

    A request's header must be complete ``HEADER_S`` seconds after the connection was made or its first byte came.  Its
    body may take ``BODY_GRACE_S`` seconds, and one more for each ``BODY_BYTES_PER_S`` bytes that came.  Between two
    requests a connection may be silent for ``keep_alive_s``.  Of an answer that waits to be sent,
    ``WRITE_BYTES_PER_S`` must be taken, or the connection is cut off.

    A client that is late with a body is answered 408 by the application, unless it has had an answer already; one that
    is late with a header is not answered.

    Args:
        crowd: counts the connections of this process.
        keep_alive_s: longest silence between two requests.
        rest_bytes: most of a body that is thrown away after the request has been answered.
        settings: of uvicorn.
    """

    def __init__(self, *arguments: Any, crowd: Crowd, keep_alive_s: float, rest_bytes: int, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.conn = FrugalConnection(h11.SERVER)
        self._crowd = crowd
        self._limits_s = {"header": HEADER_S, "idle": keep_alive_s, "rest": REST_S}
        self._rest_bytes = rest_bytes
        self._timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._unsent_bytes = 0
        self._phase: object = None
        self._received = 0
        self._began = 0.0
        self._late: object = None
        self._served = self.app
        self.app = self._serve

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Awaits the first header, if there is room for one more connection."""
        super().connection_made(transport)
        # Without it, the end of an answer waits until the client has acknowledged what came before.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Writing is paused whenever anything waits to be sent: what follows is kept back until it has gone.
        transport.set_write_buffer_limits(high=0)
        if self._crowd.enter(self, self.client[0] if self.client else ""):
            self._watch()
        else:
            self._refuse(_CROWDED)

    def data_received(self, data: bytes) -> None:
        """Awaits the body once the header is complete, and nothing once all is there."""
        super().data_received(data)
        self._watch(len(data))
        if self._phase == "rest" and self._received > self._rest_bytes:
            self.transport.close()

    def on_response_complete(self) -> None:
        """Awaits the next header."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Awaits nothing more."""
        self._crowd.leave(self)
        self._stop_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Awaits that the client takes what waits to be sent."""
        super().pause_writing()
        self._stop_write_timer()
        self._unsent_bytes = self.transport.get_write_buffer_size()
        self._write_timer = self.loop.call_later(WRITE_S, self._check_writing)

    def resume_writing(self) -> None:
        """All has gone."""
        self._stop_write_timer()
        super().resume_writing()

    def make_room(self) -> None:
        """Closes a connection that waits for a request."""
        self.transport.close()

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

        async def send_in_pieces(message: Message) -> None:
            body = memoryview(message.get("body", b""))
            for start in range(0, len(body) - _PIECE_BYTES, _PIECE_BYTES):
                piece = body[start : start + _PIECE_BYTES]
                await send({"type": message["type"], "body": piece, "more_body": True})
            if len(body) > _PIECE_BYTES:
                message = {**message, "body": body[-(len(body) % _PIECE_BYTES or _PIECE_BYTES) :]}
            await send(message)

        # Returns when all that was sent so far has gone, or the connection has.
        scope["tress.sent"] = self.flow.drain
        await self._served(scope, receive_in_time, send_in_pieces)

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP, if an answer has not been begun already; then closes."""
        self._refuse(_NO_HTTP)

    def _refuse(self, problem: Problem) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            answer = own_shape(problem, secrets.token_hex(8))
            headers = [*answer.raw_headers, (b"connection", b"close")]
            # The state machine would not let the server speak first.
            last = h11.Connection(h11.SERVER)
            last.receive_data(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            last.next_event()
            events = (
                h11.Response(status_code=problem.status, headers=headers),
                h11.Data(bytes(answer.body)),
                h11.EndOfMessage(),
            )
            self.transport.write(b"".join(last.send(event) or b"" for event in events))
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
        self._crowd.note(self, idle=phase in ("header", "idle"))
        self._stop_timer()
        if phase is None or self.transport.is_closing():
            return
        self._received = received
        self._began = self.loop.time()
        limit_s = self._limits_s[phase] if isinstance(phase, str) else BODY_GRACE_S
        self._timer = self.loop.call_later(limit_s, self._check)

    def _awaited(self) -> object:
        if self.cycle is None:
            return "header"
        sends = self.conn.their_state is h11.SEND_BODY
        if self.cycle.response_complete:
            if sends:
                return "rest"
            return "header" if self.conn.trailing_data[0] else "idle"
        # Each request has a clock of its own, also when several come in one piece.
        return self.cycle if sends else None

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

    def _check_writing(self) -> None:
        left_bytes = self.transport.get_write_buffer_size()
        if self._unsent_bytes - left_bytes < WRITE_S * WRITE_BYTES_PER_S:
            self.transport.abort()
            return
        self._unsent_bytes = left_bytes
        self._write_timer = self.loop.call_later(WRITE_S, self._check_writing)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
