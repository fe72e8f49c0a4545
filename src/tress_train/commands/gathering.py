"""The commands about registered data sets: which there are, and how those out of git repositories are made."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tress.errors import InputError
from tress_train.commands.labelling import show_progress
from tress_train.data.source import DataSource, Free

FreeOption = Annotated[
    str, typer.Option("--free", help="`open`: only data sets whose licence lets everybody use them and pass them on.")
]


def as_free(text: str) -> Free | None:
    """What ``--free`` says; None if it is not given.

    Raises:
        InputError: it is anything but ``open``, which is the only limit.
    """
    if text not in ("", "open"):
        raise InputError("free_unknown", f"--free cannot be {text!r}", hint="allowed: open")
    return "open" if text else None


def gather(
    out: Annotated[Path, typer.Option(help="The data folder; a stopped command goes on there.")],
    clones: Annotated[
        list[Path], typer.Option("--from", help="Clone of a data set's repository, or a folder of clones. Repeatable.")
    ],
    sets: Annotated[
        list[str] | None, typer.Argument(help="Names of data sets; all that can be gathered if none.")
    ] = None,
    free: FreeOption = "",
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Also photos that nobody has labelled and looked at yet.")
    ] = False,
) -> None:
    """Make training data of public git repositories: photos, and alphas out of their masks, contours and trimaps."""
    from tress_train.data.sources import allows
    from tress_train.labels.gather import gather as make
    from tress_train.labels.gather import listed

    limit = as_free(free)
    for source in _chosen(sets or []):
        if not allows(limit, source):
            typer.echo(f"{source.name}: left out, as it is not {limit}: {source.licence}")
            continue
        count = make(source, clones, out, show_progress, waiting=unlabelled)
        print(file=sys.stderr)
        assert source.gathering is not None
        left = 0 if unlabelled else sum(len(listed(r, waiting=True)) for r in source.gathering.repositories)
        typer.echo(f"{source.name}: {count} pictures" + (f"; {left} wait for labels (--unlabelled)" if left else ""))


def _chosen(names: list[str]) -> list[DataSource]:
    from tress_train.data.sources import registered_sources

    possible = {name: source for name, source in registered_sources().items() if source.gathering is not None}
    if unknown := [name for name in names if name not in possible]:
        raise InputError(
            "set_unknown", f"there is no data set {unknown[0]!r} to gather", hint=f"there are: {', '.join(possible)}"
        )
    return [possible[name] for name in names or possible]


def sources(
    data: Annotated[list[Path] | None, typer.Option("--data", help="Compare with these folders.")] = None,
    repositories: Annotated[
        bool,
        typer.Option("--repositories", help="Instead: the git repositories that `gather` needs, with commits."),
    ] = False,
    free: FreeOption = "",
) -> None:
    """List the registered data sets with their licences, and whether a data folder has them unchanged."""
    from tress_train.data.collection import file_hash, fingerprints, read_collection
    from tress_train.data.sources import allows, registered_sources, source_of

    limit, registered = as_free(free), registered_sources()
    if repositories:
        gathered = [source.gathering for source in registered.values() if source.gathering and allows(limit, source)]
        for repository, commit in sorted({(one.name, one.commit) for how in gathered for one in how.repositories}):
            typer.echo(f"{repository} {commit}")
        return
    present: dict[str, dict[str, str]] = {}
    if data:
        collection = read_collection(data)
        for split, records in (("train", collection.train), ("val", collection.val)):
            hashes = {key: file_hash(record) for key, record in records.items()}
            for name, digest in fingerprints(hashes, records).items():
                present.setdefault(name, {})[split] = digest
    for name in sorted(set(registered) | set(present)):
        source, state = source_of(name, registered), ""
        if not allows(limit, source):
            continue
        if data and name not in present:
            state = "not in the data"
        elif data and source is not None and name not in registered:
            # Nobody else's cut-outs or parts of the same photos need be the same.
            state = "cut out"
        elif data:
            state = _state(source, present[name])
        licence = source.licence if source else "not registered"
        typer.echo(f"{name:24}{state:18}{source.free if source else '':10}{licence}")


def _state(source: DataSource | None, found: dict[str, str]) -> str:
    if source is None:
        return "DIFFERS"
    if source.gathering is not None and "train" in found:
        # What was gathered is known by the checksum of its repositories; encoders of photos differ in their bytes.
        rest = {split: digest for split, digest in found.items() if split != "train"}
        return "gathered" if rest.items() <= source.fingerprints.items() else "DIFFERS"
    return "unchanged" if found == dict(source.fingerprints) else "DIFFERS"
