"""``tress batch``: many pictures, with a plan and a ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from tress.cli.batch_options import Planning, Running, plan_options, run_options
from tress.cli.batch_report import RunReport, exit_for, plan_lines, print_json, stopping, summary_lines
from tress.cli.failures import say
from tress.cli.options import existing_files, with_output_options, with_parameters_of
from tress.outputs import OutputOptions

if TYPE_CHECKING:
    from tress.batch import Report, Retry

app = typer.Typer(
    name="batch",
    help="Many pictures, here or in object stores, by one machine or many: `tress batch SRC DST` plans and runs.",
    rich_markup_mode=None,
)

Source = Annotated[
    str,
    typer.Argument(
        metavar="SRC",
        help="Folder, pattern ('photos/**/*.jpg'), text list, CSV, JSONL or Parquet manifest, or a URL of one "
        "(s3://, gs://).",
    ),
]
Destination = Annotated[str, typer.Argument(metavar="DST", help="Folder or URL that results and the ledger go to.")]


@app.command()
@with_output_options
@with_parameters_of(run_options, into="running")
@with_parameters_of(plan_options, into="planning")
def start(
    *, source: Source, destination: Destination, planning: Planning, running: Running, options: OutputOptions
) -> None:
    """Plan and run: what `tress batch SRC DST` is short for. Running it again goes on where it stopped."""
    report = _plan(source, destination, planning, options)
    if not running.quiet and not running.as_json:
        say_all(plan_lines(report))
    _run(destination, running)


@app.command()
@with_output_options
@with_parameters_of(plan_options, into="planning")
def plan(
    *,
    source: Source,
    destination: Destination,
    as_json: Annotated[bool, typer.Option("--json", help="The plan's figures as JSON on stdout.")] = False,
    planning: Planning,
    options: OutputOptions,
) -> None:
    """Look at the inputs and write down what is to be done, without doing it."""
    report = _plan(source, destination, planning, options)
    if as_json:
        print_json(report.to_json())
    else:
        print(*plan_lines(report), sep="\n")


@app.command()
@with_parameters_of(run_options, into="running")
def run(*, destination: Destination, running: Running) -> None:
    """Work on the plan at DST; what is done already stays."""
    _run(destination, running)


@app.command()
@with_parameters_of(run_options, into="running")
def retry(
    *,
    destination: Destination,
    code: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Only those that failed with this code; repeatable.")
    ] = None,
    running: Running,
) -> None:
    """Try the failed inputs of the plan at DST once more."""
    from tress.batch import Retry

    _run(destination, running, Retry(frozenset(code or ())))


@app.command()
def status(
    destination: Destination,
    *,
    export: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write all rows to a .parquet, .csv or .jsonl file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON on stdout.")] = False,
) -> None:
    """Say how far the plan at DST is, also while a run works on it."""
    from tress.batch import status as read_status
    from tress.batch.export import export_rows

    summary = read_status(destination)
    if export is not None:
        count = export_rows(destination, export)
        say(f"{count} rows written to {export}")
    if as_json:
        print_json(summary.to_json())
    else:
        print(*summary_lines(summary, destination), sep="\n")


@app.command()
def review(
    destination: Destination,
    *,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Unset: .tress/review.html in DST.")
    ] = None,
    below: Annotated[
        float, typer.Option(metavar="0..1", help="Show results whose confidence is lower than this.")
    ] = 0.8,
    limit: Annotated[int, typer.Option(metavar="N", help="Pictures of each kind, the worst first.")] = 200,
) -> None:
    """Write a page with the results that a person should look at: unsure, without a subject, failed."""
    from tress.batch.review import write_review

    print(write_review(destination, output=output, below=below, limit=limit))


def _plan(source: str, destination: str, planning: Planning, options: OutputOptions) -> Report:
    from tress.batch import plan as make_plan

    return make_plan(
        source,
        destination,
        settings=planning.settings(options),
        name=planning.name,
        column=planning.column,
        shards=planning.shards,
        existing=existing_files(planning.overwrite, planning.skip_existing),
    )


def _run(destination: str, running: Running, retry: Retry | None = None) -> None:
    from tress.batch import run as work

    with stopping() as stop, RunReport(as_json=running.as_json, quiet=running.quiet) as report:
        summary = work(
            destination,
            how=running.how,
            retry=retry,
            engine=running.engine,
            progress=report.progress,
            ready=report.ready,
            stop=stop,
        )
    if running.as_json:
        print_json({"summary": summary.to_json()})
    elif not running.quiet:
        say_all(summary_lines(summary, destination))
    if code := exit_for(summary):
        raise typer.Exit(code)


def say_all(lines: Iterable[str]) -> None:
    """Writes lines to stderr."""
    for line in lines:
        say(line)
