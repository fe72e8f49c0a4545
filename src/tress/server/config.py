"""The service's settings: typed, frozen, checked once at the start."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from tress.errors import InputError
from tress.server.admission.keys import KeyRing

DEFAULT_PORT = 8000
_SEGMENTS = r"(/[\w.~%!$&'()*+,;=:@-]+)"
_ORIGIN = re.compile(r"https?://[\w.\[\]-]+(:\d{1,5})?", re.ASCII)
_PUBLIC_URL = re.compile(rf"https?://[\w.:\[\]-]+{_SEGMENTS}*|{_SEGMENTS}+", re.ASCII)


@dataclass(frozen=True)
class ServerConfig:
    """Everything that can be set.  Limits hold for each worker process, except the rate limit, which all share.

    Attributes:
        host: address to listen on.
        port: port to listen on.
        keys: who may use the service; empty means everyone who can reach it.
        open_to_all: listen beyond this machine although there are no keys.
        model: catalogue name or path of the network.
        device: as in ``Remover``.
        workers: processes, each with its own copy of the network.
        threads: pictures that one process works on at once.
        queue_size: further requests that one process accepts and lets wait.
        deadline_s: longest time from accepting a request to its answer.
        max_upload_bytes: largest request body, and largest file fetched from a URL.
        max_megapixels: largest photo, background picture, marks and result.
        megapixels_in_flight: photos, backgrounds, marks and results that are worked on at the same time have at most
            so many megapixels together.
        max_connections: at once, in each process; fewer where the process may not have so many descriptors.
        max_connections_per_address: of them, from one address (or IPv6 /64 network) that is no trusted proxy's.
        keep_alive_s: longest silence between two requests on one connection.
        rate_per_minute: requests a minute and key (or client address, without keys); 0 means no limit.
        fetch_urls: whether pictures may be given as URLs.
        fetch_timeout_s: longest time for one fetch, redirects included.
        fetch_networks: private networks (CIDR) that URLs may point into all the same.
        trusted_proxies: addresses and networks (CIDR) of proxies whose ``X-Forwarded-For`` names the client; empty
            leaves it to uvicorn: those in the environment variable ``FORWARDED_ALLOW_IPS``, or else 127.0.0.1.
        public_url: address under which clients reach the service, or its path alone; empty where they reach it at the
            root of whatever host they name.
        allowed_origins: origins of pages elsewhere whose scripts may use the service, such as ``https://shop.example``;
            ``*`` for all.
        open_metrics: whether ``/metrics`` can be read without a key.
        page: whether the web page is served at ``/``.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    keys: KeyRing = field(default_factory=KeyRing)
    open_to_all: bool = False
    model: str = "default"
    device: str = "auto"
    workers: int = 1
    threads: int = 2
    queue_size: int = 32
    deadline_s: float = 60.0
    max_upload_bytes: int = 32 * 2**20
    max_megapixels: float = 55.0
    megapixels_in_flight: float = 110.0
    max_connections: int = 1000
    max_connections_per_address: int = 100
    keep_alive_s: float = 75.0
    rate_per_minute: int = 0
    fetch_urls: bool = True
    fetch_timeout_s: float = 15.0
    fetch_networks: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    public_url: str = ""
    allowed_origins: tuple[str, ...] = ()
    open_metrics: bool = False
    page: bool = True

    def __post_init__(self) -> None:
        for name in ("workers", "threads", "max_upload_bytes", "max_connections", "max_connections_per_address"):
            if getattr(self, name) < 1:
                raise InputError("server_config", f"{name} must be at least 1")
        for name in ("queue_size", "rate_per_minute"):
            if getattr(self, name) < 0:
                raise InputError("server_config", f"{name} must not be negative")
        for name in ("deadline_s", "keep_alive_s", "max_megapixels", "megapixels_in_flight", "fetch_timeout_s"):
            if not getattr(self, name) > 0:
                raise InputError("server_config", f"{name} must be greater than 0")
        if not 0 <= self.port <= 65535:
            raise InputError("server_config", f"port {self.port} does not exist", hint="choose one from 1 to 65535")
        for network in (*self.fetch_networks, *self.trusted_proxies):
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                raise InputError(
                    "server_config", f"{network!r} is not a network: {error}", hint="write it as 10.1.2.0/24"
                ) from error

        for origin in self.allowed_origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise InputError(
                    "server_config",
                    f"{origin!r} is no origin of a page",
                    hint="write it as https://shop.example or http://localhost:3000, or * for all",
                )
        if self.public_url and not _PUBLIC_URL.fullmatch(self.public_url):
            raise InputError(
                "server_config",
                f"{self.public_url!r} is no address of the service",
                hint="write it as https://example.com/cutout or /cutout, without a slash at the end",
            )

    def check_exposure(self) -> None:
        """Refuses to serve strangers by accident.

        Raises:
            InputError: the address can be reached from other machines, there are no keys, and nobody said that this
                is meant.
        """
        if self.keys or self.open_to_all or is_loopback(self.host):
            return
        raise InputError(
            "server_open",
            f"{self.host} can be reached from other machines, and there are no API keys",
            hint="give keys with --keys FILE or TRESS_API_KEYS, or say --open-to-all if everyone may use the service",
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address to listen on."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
