"""Cutting out photos as they arrive in a folder, by the same plan and ledger as everything else."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from tress.batch.local_engine import LocalEngine
from tress.batch.planning import Report, plan
from tress.batch.pool import Ready
from tress.batch.progress import ProgressCallback, Summary
from tress.batch.running import run
from tress.batch.settings import Settings
from tress.batch.store import is_remote, local_path, missing
from tress.batch.task import How
from tress.errors import InputError
from tress.io.naming import PICTURE_SUFFIXES
from tress.io.plan import Existing

_LOOK_MS = 500


def watch(
    source: str,
    destination: str,
    *,
    settings: Settings | None = None,
    name: str = "{stem}",
    shards: int | None = None,
    existing: Existing = "skip",
    how: How | None = None,
    settle_s: float = 2.0,
    planned: Callable[[Report], None] | None = None,
    ended: Callable[[Summary], None] | None = None,
    progress: ProgressCallback | None = None,
    ready: Callable[[Ready], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Works on what is in a folder, and then on what comes into it, until ``stop`` is set.

    After every change the folder is planned anew and worked on: what the ledger has is left alone, so that a restart
    loses nothing.  A photo that could not be read because it was still being written is taken up when it changes.

    Args:
        source: a folder of this machine.
        destination: folder or address.
        settings, name, shards: as for ``plan``.
        existing: as for ``plan``; ``refuse`` would end the watch.
        how: processes, threads, limits.
        settle_s: a file counts as complete when neither its size nor its time has changed for so long.
        planned, ended: called before and after each round.
        progress, ready: as for ``run``.
        stop: ends the watch with the pictures in hand.

    Raises:
        InputError: as ``plan`` and ``run``; ``watch_source`` if the source is no folder of this machine.
    """
    try:
        import watchfiles
    except ImportError:
        raise missing("watchfiles", "watch", "to watch a folder") from None
    folder = Path(local_path(source))
    if is_remote(source) or not folder.is_dir():
        raise InputError(
            "watch_source",
            f"{source} is not a folder of this machine",
            hint="run `tress batch` again and again instead",
        )
    stop = stop or threading.Event()
    takes = _photos_outside(destination)
    changes = watchfiles.watch(
        folder,
        watch_filter=lambda _, path: takes(path),
        stop_event=stop,
        rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
    )
    # From here on changes are collected, so that none falls between a plan and the next look.
    next(changes)
    with contextlib.closing(LocalEngine()) as engine:
        while not stop.is_set():
            report = plan(
                source,
                destination,
                settings=settings,
                name=name,
                shards=shards,
                existing=existing,
                collisions="skip",
                allow_empty=True,
            )
            if report.to_do:
                if planned is not None:
                    planned(report)
                summary = run(destination, how=how, engine=engine, progress=progress, ready=ready, stop=stop)
                if ended is not None:
                    ended(summary)
            for found in changes:
                if found:
                    _settle([path for _, path in found], settle_s, stop)
                    break


def _photos_outside(destination: str) -> Callable[[str], bool]:
    """Whether a path is that of a photo, and not of a result or of something hidden."""
    results = None if is_remote(destination) else f"{os.path.realpath(local_path(destination))}{os.sep}"

    def takes(path: str) -> bool:
        place = Path(path)
        is_photo = place.suffix.lower() in PICTURE_SUFFIXES and not place.name.startswith(".")
        return is_photo and (results is None or not os.path.realpath(path).startswith(results))

    return takes


def _settle(paths: Iterable[str], seconds: float, stop: threading.Event) -> None:
    """Waits until none of the files changes any more."""
    before = _look(paths)
    while before and not stop.wait(seconds):
        now = _look(paths)
        if now == before:
            return
        before = now


def _look(paths: Iterable[str]) -> dict[str, tuple[int, int]]:
    found = {}
    for path in paths:
        with contextlib.suppress(OSError):
            status = os.stat(path)
            found[path] = (status.st_size, status.st_mtime_ns)
    return found
