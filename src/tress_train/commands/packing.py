"""The command ``tress-train shards``: a data folder as tar shards, to be streamed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tress.errors import InputError
from tress.evaluation.manifest import read_manifest
from tress_train.data.collection import MANIFEST, split_folders
from tress_train.data.shards import SHARD_BYTES, pack


def shards(
    data: Annotated[Path, typer.Argument(help="Data folder with train/ and val/, or one that `prepare` checked.")],
    out: Annotated[str, typer.Argument(help="Folder or URL for the shards and their index.")],
    shard_mb: Annotated[int, typer.Option(min=1, help="A shard has at most so many megabytes.")] = SHARD_BYTES >> 20,
) -> None:
    """Pack a data folder into WebDataset tar shards; `--data OUT` trains on them."""
    roots = split_folders(data)
    if not roots:
        raise InputError(
            "data_missing", f"{data} has no {MANIFEST}", hint=f"check it with `tress-train prepare {data}`"
        )
    records = {split: read_manifest(root / MANIFEST) for split, (root, _) in roots.items()}
    folders = {split: root for split, (root, _) in roots.items()}
    count = pack(records, folders, data.resolve().name, out, shard_bytes=shard_mb << 20)
    typer.echo(f"{out}: {sum(map(len, records.values()))} pictures in {count} shards")
