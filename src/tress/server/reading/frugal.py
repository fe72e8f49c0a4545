"""HTTP/1.1 with limits on what the other side can make us do for each byte that it sends."""

from __future__ import annotations

from typing import Any

import h11

MAX_HEAD_BYTES = 16 * 1024
# Every piece of a body costs the event loop about as much as a kilobyte does.  Honest senders write kilobytes at a
# time; a network that is slow cuts them up, so that some pieces are free.
_FREE_PIECES, _BYTES_PER_PIECE = 100, 256
_MAX_INTERIM_ANSWERS = 8


class FrugalConnection(h11.Connection):
    """h11, which also refuses heads that are too long in one piece, crumbs, and messages whose end is unclear.

    ``next_event`` raises ``h11.RemoteProtocolError`` for them as for everything else that it does not take.

    Args:
        role: ``h11.SERVER`` or ``h11.CLIENT``.
    """

    def __init__(self, role: Any) -> None:
        super().__init__(role, MAX_HEAD_BYTES)
        self._pieces = self._interim = self._body_bytes = 0

    def next_event(self) -> Any:
        """The next event, if it is within the limits.

        Raises:
            h11.RemoteProtocolError: it is not, or no HTTP/1.1.
        """
        event = super().next_event()
        if isinstance(event, h11.Data):
            self._pieces += 1
            self._body_bytes += len(event.data)
            if self._pieces > _FREE_PIECES + self._body_bytes / _BYTES_PER_PIECE:
                raise h11.RemoteProtocolError("the body comes in crumbs")
        elif isinstance(event, h11.InformationalResponse):
            self._interim += 1
            if self._interim > _MAX_INTERIM_ANSWERS:
                raise h11.RemoteProtocolError("too many interim answers")
            _check_length(event, b"")
        elif isinstance(event, (h11.Request, h11.Response)):
            self._pieces = self._interim = self._body_bytes = 0
            _check_length(event, event.target if isinstance(event, h11.Request) else b"")
            names = {name for name, _ in event.headers}
            if isinstance(event, h11.Request) and {b"content-length", b"transfer-encoding"} <= names:
                # Somebody between us and the client may believe the other one: request smuggling.
                raise h11.RemoteProtocolError("two lengths")
        return event


def _check_length(event: Any, target: bytes) -> None:
    """Two bytes at least separate names, values and lines."""
    if len(target) + sum(len(name) + len(value) + 4 for name, value in event.headers) > MAX_HEAD_BYTES:
        raise h11.RemoteProtocolError("the head is too long")
