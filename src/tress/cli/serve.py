"""``tress serve``: the HTTP service and the web page."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tress.errors import InputError


def serve(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="Port to listen on.")] = 8000,
    keys: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="API keys: NAME:SHA256, one a line. TRESS_API_KEYS adds more, with commas."),
    ] = None,
    new_key: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Make an API key, show it and its line for the key file, and stop. `>> keys.txt` appends the line.",
        ),
    ] = None,
    open_to_all: Annotated[
        bool, typer.Option("--open-to-all", help="Listen beyond this machine although there are no keys.")
    ] = False,
    model: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Model: a name that `tress models` lists, or an ONNX file.")
    ] = "default",
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda|coreml|directml|openvino", help="Where to run.")
    ] = "auto",
    workers: Annotated[int, typer.Option(metavar="N", help="Processes, each with its own copy of the network.")] = 1,
    threads: Annotated[int, typer.Option(metavar="N", help="Pictures that one process works on at once.")] = 2,
    queue: Annotated[int, typer.Option(metavar="N", help="Requests that may wait in each process.")] = 32,
    deadline: Annotated[float, typer.Option(metavar="SECONDS", help="Longest time for one request.")] = 60.0,
    max_upload: Annotated[float, typer.Option(metavar="MB", help="Largest request and largest fetched file.")] = 32.0,
    max_megapixels: Annotated[
        float, typer.Option(metavar="N", help="Largest photo, background, marks and result, each.")
    ] = 55.0,
    memory_megapixels: Annotated[
        float,
        typer.Option(
            metavar="N", help="Megapixels of all photos, backgrounds, marks and results at once, per process."
        ),
    ] = 110.0,
    max_connections: Annotated[int, typer.Option(metavar="N", help="Connections to each process at once.")] = 1000,
    max_connections_per_address: Annotated[
        int,
        typer.Option(metavar="N", help="Of them, from one address (or IPv6 /64) other than those of --trust-proxy."),
    ] = 100,
    keep_alive: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="Silence after which a connection is closed; longer than a proxy keeps it open."
        ),
    ] = 75.0,
    rate: Annotated[int, typer.Option(metavar="N", help="Requests a minute for each key; 0: no limit.")] = 0,
    fetch_urls: Annotated[bool, typer.Option(help="Fetch pictures that are given as URLs.")] = True,
    allow_network: Annotated[
        list[str] | None,
        typer.Option(metavar="CIDR", help="Private network that URLs may point into, such as 10.1.2.0/24. Repeatable."),
    ] = None,
    trust_proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS|CIDR",
            help="Proxy whose X-Forwarded-For names the client, which --rate counts where there are no keys. "
            "Repeatable. Unset: FORWARDED_ALLOW_IPS, or 127.0.0.1.",
        ),
    ] = None,
    public_url: Annotated[
        str,
        typer.Option(
            metavar="URL|PATH",
            help="Where clients reach the service behind a proxy, such as https://example.com/cutout or /cutout: "
            "/openapi.json names it.",
        ),
    ] = "",
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            help="Page elsewhere whose scripts may use the service, such as https://shop.example; * for all. "
            "Repeatable.",
        ),
    ] = None,
    open_metrics: Annotated[bool, typer.Option("--open-metrics", help="Show /metrics without a key.")] = False,
    page: Annotated[bool, typer.Option(help="Serve the web page at /.")] = True,
    log_level: Annotated[str, typer.Option(metavar="debug|info|warning|error", help="What to log.")] = "info",
) -> None:
    """Serve the web page, the own interface and the contracts of remove.bg and rembg."""
    try:
        from tress.server.admission.keys import ENVIRONMENT, load_keys
        from tress.server.admission.keys import new_key as make_key
        from tress.server.config import ServerConfig
        from tress.server.host.run import LOG_LEVELS
        from tress.server.host.run import serve as run
    except ModuleNotFoundError as error:
        raise InputError(
            "extra_missing", f"the service needs the package {error.name}", hint="in a clone: pip install '.[server]'"
        ) from error
    if new_key is not None:
        _show_key(*make_key(new_key))
        return
    if log_level not in LOG_LEVELS:
        raise InputError("log_level", f"log level {log_level!r} is none of {', '.join(LOG_LEVELS)}")
    config = ServerConfig(
        host=host,
        port=port,
        keys=load_keys(keys, os.environ.get(ENVIRONMENT)),
        open_to_all=open_to_all,
        model=model,
        device=device,
        workers=workers,
        threads=threads,
        queue_size=queue,
        deadline_s=deadline,
        max_upload_bytes=int(max_upload * 2**20),
        max_megapixels=max_megapixels,
        megapixels_in_flight=memory_megapixels,
        max_connections=max_connections,
        max_connections_per_address=max_connections_per_address,
        keep_alive_s=keep_alive,
        rate_per_minute=rate,
        fetch_urls=fetch_urls,
        fetch_networks=tuple(allow_network or ()),
        trusted_proxies=tuple(trust_proxy or ()),
        public_url=public_url.removesuffix("/"),
        allowed_origins=tuple(allow_origin or ()),
        open_metrics=open_metrics,
        page=page,
    )
    run(config, log_level)


def _show_key(key: str, line: str) -> None:
    secret = f"key for its owner, shown only now:  {key}"
    if sys.stdout.isatty():
        print(f"{secret}\nline for the key file:  {line}")
        return
    # A file or a pipe takes what the service needs; the only copy of the key must not vanish in there.
    print(secret, file=sys.stderr)
    print(line)
