"""Fetches a picture from a URL that a stranger gave: guarded addresses, pinned connection, limits on size and time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import h11

from tress.errors import InputError
from tress.server.reading.addresses import Address, AddressGuard
from tress.server.reading.frugal import FrugalConnection

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = {301, 302, 303, 307, 308}
_MAX_REDIRECTS = 3
_CHUNK_BYTES = 64 * 1024
_MAX_URL_CHARACTERS = 8192

Resolver = Callable[[str, int], Awaitable[list[str]]]


_MAX_FETCHES = 16
_MAX_ADDRESSES = 4
# Threads of their own: a name server that does not answer holds up other lookups only.
_LOOKUPS = ThreadPoolExecutor(_MAX_FETCHES, thread_name_prefix="tress-lookup")


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, by the system's resolver."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    infos = await asyncio.get_running_loop().run_in_executor(_LOOKUPS, ask)
    return [str(info[4][0]) for info in infos]


@dataclass(frozen=True)
class Fetcher:
    """Fetches files.

    Attributes:
        guard: decides which addresses may be connected to.
        max_bytes: largest file.
        timeout_s: longest time for one fetch, redirects included.
        resolver: turns a host into addresses.
        slots: so many fetches run at once; others wait, within their time.
    """

    guard: AddressGuard
    max_bytes: int
    timeout_s: float
    resolver: Resolver = resolve
    slots: asyncio.Semaphore = field(default_factory=partial(asyncio.Semaphore, _MAX_FETCHES), repr=False)

    async def get(self, url: str) -> bytes:
        """The file behind a URL.

        Every hop is checked anew: the name is resolved, all its addresses are judged, and the connection goes to the
        address that was judged, so that a name cannot change its mind in between.

        Raises:
            InputError: ``url_invalid``, ``url_forbidden``, ``url_too_large`` or ``url_failed``.
        """
        try:
            return await asyncio.wait_for(self._follow(url), self.timeout_s)
        except asyncio.TimeoutError:
            raise _failed(f"it took longer than {self.timeout_s:g} s") from None

    async def _follow(self, url: str) -> bytes:
        async with self.slots:
            return await self._hop(url)

    async def _hop(self, url: str) -> bytes:
        for _ in range(_MAX_REDIRECTS + 1):
            parts, port = _split(url)
            answer = await self._request(parts, port)
            if isinstance(answer, bytes):
                return answer
            try:
                url = urljoin(url, answer)
            except ValueError:
                raise _failed("it redirects to what is not a URL") from None
        raise _failed(f"it redirects more than {_MAX_REDIRECTS} times")

    async def _request(self, parts: SplitResult, port: int) -> bytes | str:
        """The body, or where a redirect leads to."""
        host = parts.hostname or ""
        try:
            found = await self.resolver(host, port)
        except (OSError, UnicodeError):
            raise _failed("its host is not known") from None
        addresses = self.guard.judge(found)
        if port not in _PORTS.values() and not all(map(self.guard.is_listed, addresses)):
            raise InputError("url_forbidden", f"URLs with port {port} are not fetched", hint="use port 80 or 443")
        tls: dict[str, Any] = {"ssl": _tls(), "server_hostname": host} if parts.scheme == "https" else {}
        try:
            reader, writer = await self._connect(addresses[:_MAX_ADDRESSES], port, tls)
            try:
                return await self._exchange(reader, writer, parts)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
        except (OSError, ssl.SSLError, h11.RemoteProtocolError):
            raise _failed("its server does not answer as it should") from None

    async def _connect(
        self, addresses: list[Address], port: int, tls: dict[str, Any]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To the first address that lets itself be connected to; they share the time."""
        for address in addresses[:-1]:
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                attempt = asyncio.open_connection(str(address), port, **tls)
                return await asyncio.wait_for(attempt, self.timeout_s / len(addresses))
        return await asyncio.open_connection(str(addresses[-1]), port, **tls)

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, parts: SplitResult
    ) -> bytes | str:
        connection = FrugalConnection(h11.CLIENT)
        headers = [
            ("Host", parts.netloc),
            ("User-Agent", "tress"),
            ("Accept", "image/*"),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
        ]
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = connection.send(h11.Request(method="GET", target=target, headers=headers)) or b""
        writer.write(request + (connection.send(h11.EndOfMessage()) or b""))
        await writer.drain()
        body = bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(_CHUNK_BYTES))
            elif isinstance(event, h11.Response):
                answer = dict(event.headers)
                if event.status_code in _REDIRECTS and b"location" in answer:
                    return answer[b"location"].decode("latin-1")
                if event.status_code != 200:
                    raise _failed(f"its server answers with status {event.status_code}")
                length = answer.get(b"content-length", b"")
                if length.isdigit() and int(length) > self.max_bytes:
                    raise self._too_large()
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > self.max_bytes:
                    raise self._too_large()
            elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                return bytes(body)

    def _too_large(self) -> InputError:
        return InputError(
            "url_too_large",
            f"the file behind the URL is larger than {self.max_bytes / 2**20:.3g} MB",
            hint="give a smaller picture",
        )


def _split(url: str) -> tuple[SplitResult, int]:
    """Takes a URL apart.

    Raises:
        InputError: it is not a plain http or https URL.
    """
    hint = "give a URL such as https://example.com/photo.jpg"
    if len(url) > _MAX_URL_CHARACTERS:
        raise InputError("url_invalid", f"the URL has more than {_MAX_URL_CHARACTERS} characters", hint=hint)
    if any(ord(character) <= 32 or ord(character) > 126 for character in url):
        raise InputError("url_invalid", "the URL has characters that a URL cannot have", hint=hint)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InputError("url_invalid", "the URL cannot be understood", hint=hint) from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise InputError("url_invalid", "the URL does not begin with http:// or https:// and a host", hint=hint)
    if parts.username is not None or parts.password is not None:
        raise InputError("url_invalid", "the URL holds a user name or password", hint=hint)
    return parts, port or _PORTS[parts.scheme]


def _failed(why: str) -> InputError:
    return InputError("url_failed", f"the URL could not be fetched: {why}", hint="check the URL, or send the picture")


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
