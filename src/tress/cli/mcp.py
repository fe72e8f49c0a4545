"""``tress mcp``: a server for assistants that speak the Model Context Protocol."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from tress.cli.options import Device, MaxMegapixels, Model, Refine
from tress.errors import InputError
from tress.io.limits import MAX_MEGAPIXELS


def mcp(
    allow: Annotated[
        list[Path],
        typer.Option("--allow", metavar="FOLDER", help="Folder whose pictures may be read and written. Repeatable."),
    ],
    model: Model = "default",
    device: Device = "auto",
    max_megapixels: MaxMegapixels = MAX_MEGAPIXELS,
    refine: Refine = True,
) -> None:
    """Serve assistants over the Model Context Protocol, on stdin and stdout."""
    if importlib.util.find_spec("mcp") is None:
        raise InputError(
            "mcp_not_installed", "this command needs the extra `mcp`", hint="in a clone of tress: pip install '.[mcp]'"
        )
    from tress.api import Remover
    from tress.mcp import Allowed, make_server

    def load() -> Remover:
        return Remover(model, device=device, max_megapixels=max_megapixels, refine=refine)

    make_server(Allowed.of(allow), load).run("stdio")
