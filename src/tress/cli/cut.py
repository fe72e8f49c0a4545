"""``tress cut``: remove the background of pictures."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tress.cli.failures import say, stdout_failed
from tress.cli.options import (
    Device,
    MaxMegapixels,
    Model,
    Name,
    Overwrite,
    Quiet,
    Refine,
    SkipExisting,
    check_numbers,
    existing_files,
    with_output_options,
)
from tress.cli.report import Report
from tress.errors import InputError
from tress.io.limits import MAX_MEGAPIXELS
from tress.outputs import OutputOptions

if TYPE_CHECKING:
    from tress.api import Remover
    from tress.io.plan import Existing, Job
    from tress.produce import Product

# While the networks are busy with one picture, another is decoded, rendered or encoded.
_AT_ONCE = 2
# Finished files that wait for their turn are small, so that a slow picture need not stop the next ones.
_AHEAD = 2 * _AT_ONCE


@with_output_options
def cut(
    context: typer.Context,
    *,
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT", help="Pictures, folders (with all below), or - for stdin.")
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="File or folder to write to, or - for stdout. Unset: photo.cutout.png beside photo.jpg.",
        ),
    ] = None,
    name: Name = None,
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    model: Model = "default",
    refine: Refine = True,
    device: Device = "auto",
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="Threads for the networks. Unset: all cores.")
    ] = None,
    max_megapixels: MaxMegapixels = MAX_MEGAPIXELS,
    animation: Annotated[
        bool,
        typer.Option(
            "--animation",
            help="Of animated GIF, WebP and PNG every frame, as an animated png or webp. Without: the first frame.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per input on stdout.")] = False,
    quiet: Quiet = False,
    options: OutputOptions,
) -> None:
    """Remove the background of pictures.

    The command may be left out: `tress photo.jpg` is `tress cut photo.jpg`.
    """
    check_numbers(threads, max_megapixels)
    jobs, settled = _plan(inputs, output, name, options, existing_files(overwrite, skip_existing))
    if not jobs:
        if not quiet:
            say("nothing to do: all results exist")
        return
    if jobs[0].target is None:
        _check_stdout(as_json)
    options.check_files()
    remover = _load(model, refine, device, threads, max_megapixels, quiet)
    for warning in remover.warnings:
        say(f"warning: {warning}")
    with Report(len(jobs), as_json=as_json, quiet=quiet, debug=bool(context.obj)) as report:
        for job, made in _work(remover, jobs, settled, animation):
            try:
                product = made.result()
                _deliver(product, job, overwrite)
            except Exception as error:
                report.failed(job, error)
            else:
                report.done(job, product)
    if code := report.exit_code():
        raise typer.Exit(code)


def _plan(
    inputs: list[str], output: str | None, name: str | None, options: OutputOptions, existing: Existing
) -> tuple[list[Job], OutputOptions]:
    """Where results go, and the options with their format settled; everything that can be refused now is."""
    from tress.io.encode import extension, format_for
    from tress.io.naming import NameTemplate
    from tress.io.plan import plan

    wanted = "png" if options.format == "auto" else options.format
    jobs = plan(
        inputs,
        output,
        extension=extension(wanted),
        name=NameTemplate(name) if name else None,
        existing=existing,
        protected=options.files,
        warn=lambda message: say(f"warning: {message}"),
    )
    target = jobs[0].target if jobs else None
    if target is None:
        return jobs, options.with_format(wanted)
    named = format_for(target.suffix)
    if options.format not in {"auto", named}:
        raise InputError(
            "format_mismatch",
            f"{target} is a name for {named}, but format {options.format} is asked for",
            hint=f"name it {target.with_suffix(extension(wanted)).name}, or leave out --format",
        )
    return jobs, options.with_format(named)


def _load(model: str, refine: bool, device: str, threads: int | None, max_megapixels: float, quiet: bool) -> Remover:
    from tress.api import Remover
    from tress.catalog import resolve

    # A model that is not here yet is fetched with a progress bar; the Remover then finds it.
    resolve(model, progress=not quiet and sys.stderr.isatty())
    return Remover(model, device=device, threads=threads, max_megapixels=max_megapixels, refine=refine)


def _work(
    remover: Remover, jobs: list[Job], options: OutputOptions, animation: bool
) -> Iterator[tuple[Job, Future[Product]]]:
    """Products in the order of the jobs, made by threads: a main thread inside a network would not hear Ctrl-C.

    Threads never write files, so that they can be abandoned at any time.
    """
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="tress-cut")
    waiting: deque[tuple[Job, Future[Product]]] = deque()
    try:
        for job in jobs:
            waiting.append((job, pool.submit(_make, remover, job, options, animation)))
            if len(waiting) == _AHEAD:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _first(waiting: deque[tuple[Job, Future[Product]]]) -> tuple[Job, Future[Product]]:
    job, future = waiting.popleft()
    # An endless wait cannot be interrupted on Windows.
    while not wait([future], timeout=0.5).done:
        pass
    return job, future


def _make(remover: Remover, job: Job, options: OutputOptions, animation: bool) -> Product:
    from tress.animate import animate
    from tress.io.files import read_limited
    from tress.produce import produce

    source: Path | bytes = job.source if job.source is not None else read_limited(sys.stdin.buffer)
    return animate(remover, source, options) if animation else produce(remover, source, options)


def _deliver(product: Product, job: Job, overwrite: bool) -> None:
    from tress.io.files import write_atomic

    if job.target is not None:
        write_atomic(job.target, product.data, overwrite=overwrite)
        return
    try:
        sys.stdout.buffer.write(product.data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise stdout_failed(error) from error


def _check_stdout(as_json: bool) -> None:
    if as_json:
        raise InputError(
            "stdout_twice", "the picture and --json cannot both go to stdout", hint="name a file with --output"
        )
    if os.isatty(sys.stdout.fileno()):
        raise InputError(
            "stdout_is_terminal", "a picture makes no sense on a terminal", hint="name a file with --output, or pipe it"
        )
