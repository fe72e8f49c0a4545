"""``tress watch``: photos are cut out as they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tress.cli.batch import Destination, say_all
from tress.cli.batch_options import Planning, Running, plan_options, run_options
from tress.cli.batch_report import RunReport, exit_for, plan_lines, stopping, summary_lines
from tress.cli.options import existing_files, with_output_options, with_parameters_of
from tress.errors import InputError
from tress.outputs import OutputOptions

if TYPE_CHECKING:
    from tress.batch import Summary


@with_output_options
@with_parameters_of(run_options, into="running")
@with_parameters_of(plan_options, into="planning")
def watch(
    *,
    source: Annotated[str, typer.Argument(metavar="SRC", help="Folder of this machine.")],
    destination: Destination,
    settle: Annotated[
        float, typer.Option(metavar="SECONDS", help="A file is complete when it has not changed for so long.")
    ] = 2.0,
    planning: Planning,
    running: Running,
    options: OutputOptions,
) -> None:
    """Cut out what is in a folder, and then every photo that comes into it, until Ctrl-C.

    It keeps the ledger of `tress batch`, so that a restart goes on where it stopped.
    """
    from tress.batch.watching import watch as work

    if running.engine is not None or planning.column is not None:
        raise InputError("options_conflict", "a folder is watched without --column, and by this machine's processes")
    existing = existing_files(planning.overwrite, planning.skip_existing)
    last = None

    def ended(summary: Summary) -> None:
        nonlocal last
        last = summary
        if not running.quiet and not running.as_json:
            say_all(summary_lines(summary, destination))

    with stopping() as stop, RunReport(as_json=running.as_json, quiet=running.quiet) as report:
        work(
            source,
            destination,
            settings=planning.settings(options),
            name=planning.name,
            shards=planning.shards,
            existing="skip" if existing == "refuse" else existing,
            how=running.how,
            settle_s=settle,
            planned=lambda found: None if running.quiet or running.as_json else say_all(plan_lines(found)),
            ended=ended,
            progress=report.progress,
            ready=report.ready,
            stop=stop,
        )
    if last is not None and last.ending == "too_many_failed":
        raise typer.Exit(exit_for(last))
