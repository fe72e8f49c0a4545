"""``tress page``: the page without a server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def page(
    output: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write to; it is made if need be.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there already.")] = False,
) -> None:
    """Write the web page as a folder of files that any web server can serve: the browser does the work."""
    from tress.browser.page import write_page

    written = write_page(output, overwrite=overwrite)
    megabytes = sum(len(data) for data in written.values()) / 1e6
    print(f"wrote {len(written)} files, {megabytes:.1f} MB, to {output}", file=sys.stderr)
    print(f"to look at it: python -m http.server -d {output}", file=sys.stderr)
