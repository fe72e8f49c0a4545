"""Whose requests a service takes that has no keys because only this machine can reach it.

A browser on this machine can reach it too, for every page that it shows.  Pages of others are told by the header
``Origin``, and names of others that have been pointed at this machine (DNS rebinding) by the header ``Host``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from tress.errors import InputError


class Neighbours:
    """The names under which such a service is known.

    Args:
        host: that it listens on.
        public_url: address or path under which a proxy on this machine shows it; may be empty.
        allowed_origins: of pages elsewhere that may use it; ``*`` for all.
    """

    def __init__(self, host: str, public_url: str, allowed_origins: Sequence[str] = ()) -> None:
        self._allowed = frozenset(allowed_origins)
        self._public = _name_of(public_url)
        self._names = {"localhost", host.lower(), self._public} - {""}

    def check(self, headers: Mapping[str, str]) -> None:
        """Refuses requests that pages of others make.

        Args:
            headers: with names in lower case.

        Raises:
            InputError: ``host_forbidden`` or ``origin_forbidden``.
        """
        host, origin = headers.get("host", ""), headers.get("origin")
        name = _name_of(f"//{host}")
        if name not in self._names and not _is_loopback(name):
            raise InputError(
                "host_forbidden",
                "the service is not known under the name in the header Host",
                hint="behind a proxy name it with --public-url, or use keys",
            )
        if origin is None or origin.partition("//")[2].lower() == host.lower():
            return
        if self._allowed & {origin, "*"}:
            return
        if not self._public or _name_of(origin) != self._public:
            raise InputError(
                "origin_forbidden",
                "pages of other sites must not use this service",
                hint="name them with --allow-origin, use keys, or open the service's own page",
            )


def _name_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
