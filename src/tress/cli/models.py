"""``tress models``: what the catalogue knows."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def models(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """List the models that --model takes by name."""
    from tress.catalog import entries

    for entry in entries():
        place = "included" if entry.bundled else "on this machine" if entry.cached else "fetched when first used"
        if as_json:
            facts = {
                "name": entry.name,
                "aliases": entry.aliases,
                "task": entry.task,
                "description": entry.description,
                "licence": entry.licence,
                "origin": entry.origin,
                "bytes": entry.size_bytes,
                "bundled": entry.bundled,
                "cached": entry.cached,
            }
            print(json.dumps(facts))
            continue
        names = ", ".join((entry.name, *entry.aliases))
        print(f"{names}\n    {entry.description}")
        print(f"    {entry.task}, {entry.size_bytes / 1e6:.1f} MB, {place}; licence {entry.licence}; {entry.origin}")
