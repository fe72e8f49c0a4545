"""How many connections there may be at once, in all and from one address, so that descriptors never run out."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from tress.server.admission.clients import client_of

# Connections that the loop accepts before any of them is counted, and files, decoders and lookups.
BACKLOG = 256
_OTHER_DESCRIPTORS = 128
_FEWEST = 16


class Connection(Protocol):
    """What can be closed to make room."""

    def make_room(self) -> None:
        """Closes it."""


class Crowd:
    """The connections of one process.

    Args:
        most: at once.
        most_per_address: at once from one address (or IPv6 /64 network).
        proxies: addresses and networks (CIDR) that many clients share, for which only ``most`` holds.
    """

    def __init__(self, most: int, most_per_address: int, proxies: Iterable[str] = ()) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._proxies = [ipaddress.ip_network(proxy) for proxy in proxies]
        self._counts: Counter[str] = Counter()
        self._clients: dict[Connection, str] = {}
        # Without a request at the moment; the one that is it for longest comes first.
        self._idle: dict[Connection, None] = {}

    def enter(self, connection: Connection, address: str) -> bool:
        """Counts a new connection; an idle one makes room for it if there is none.

        Returns:
            False: there is no room, and it is not counted.
        """
        client = client_of(address)
        if self._counts[client] >= self._most_per_address and not self._is_proxy(address):
            return False
        if len(self._clients) >= self._most:
            if not self._idle:
                return False
            idlest = next(iter(self._idle))
            self.leave(idlest)
            idlest.make_room()
        self._counts[client] += 1
        self._clients[connection] = client
        return True

    def leave(self, connection: Connection) -> None:
        """Forgets a connection, if it was counted."""
        self._idle.pop(connection, None)
        client = self._clients.pop(connection, None)
        if client is not None:
            self._counts[client] -= 1
            if not self._counts[client]:
                del self._counts[client]

    def note(self, connection: Connection, *, idle: bool) -> None:
        """Remembers whether a connection waits for a request of its client."""
        self._idle.pop(connection, None)
        if idle and connection in self._clients:
            self._idle[connection] = None

    def _is_proxy(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        return any(parsed.version == proxy.version and parsed in proxy for proxy in self._proxies)


def affordable(wanted: int) -> int:
    """As many connections as are wanted, or as descriptors are left for, whichever is less."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(_FEWEST, limit - BACKLOG - _OTHER_DESCRIPTORS))
