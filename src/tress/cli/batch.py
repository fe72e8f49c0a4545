"""``tress batch``: many pictures, with a plan and a ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from tress.cli.batch_report import RunReport, exit_for, plan_lines, print_json, stopping, summary_lines
from tress.cli.failures import say
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
    with_parameters_of,
)
from tress.errors import InputError
from tress.outputs import OutputOptions

if TYPE_CHECKING:
    from tress.batch import Report, Retry, Settings
    from tress.batch.running import Engine, How

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
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout for every picture, and a last one.")]


@dataclass(frozen=True)
class Planning:
    """What a plan is made with, besides the output options."""

    name: str
    column: str | None
    shards: int | None
    overwrite: bool
    skip_existing: bool
    model: str
    refine: bool
    device: str
    max_megapixels: float

    def settings(self, options: OutputOptions) -> Settings:
        """With the output options."""
        from tress.batch import Settings

        return Settings(options, self.model, self.refine, self.device, self.max_megapixels)


def plan_options(
    *,
    name: Name = None,
    column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of a manifest that holds the inputs. Unset: path.")
    ] = None,
    shards: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Parts that can be worked on by themselves. Unset: 16, or one for 5,000 inputs."
        ),
    ] = None,
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    model: Model = "default",
    refine: Refine = True,
    device: Device = "auto",
    max_megapixels: MaxMegapixels = 100.0,
) -> Planning:
    """The flags of a plan."""
    check_numbers(None, max_megapixels)
    return Planning(name or "{stem}", column, shards, overwrite, skip_existing, model, refine, device, max_megapixels)


@dataclass(frozen=True)
class Running:
    """How to work on a plan, and what to say meanwhile."""

    how: How
    engine: Engine | None
    as_json: bool
    quiet: bool


def run_options(
    *,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Processes that each hold the networks. Unset: one for two cores.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="Threads of each process. Unset: the cores are shared evenly.")
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="Give a picture up that takes longer.")] = 300.0,
    shard: Annotated[
        str | None,
        typer.Option(metavar="K/N", help="Work on part K of N only, K from 0: N machines each take another K."),
    ] = None,
    max_failure_rate: Annotated[
        float | None,
        typer.Option(metavar="0..1", help="Stop when more than this share of the pictures of this run has failed."),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(metavar="local|ray", help="local: processes of this machine. ray: a Ray cluster (tress[ray])."),
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Of a Ray cluster, such as auto. Unset: a cluster on this machine."),
    ] = None,
    num_cpus: Annotated[
        float | None, typer.Option(metavar="N", help="With ray: cores of each worker. Unset: its threads.")
    ] = None,
    num_gpus: Annotated[float, typer.Option(metavar="N", help="With ray: GPUs of each worker, such as 0.5.")] = 0.0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> Running:
    """The flags of a run."""
    from tress.batch import How

    how = How(
        workers=workers,
        threads=threads,
        timeout_s=timeout,
        part=_part(shard) if shard else None,
        max_failure_rate=max_failure_rate,
    )
    return Running(how, _engine(engine, address, num_cpus, num_gpus), as_json, quiet)


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
        _say_all(plan_lines(report))
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
        _say_all(summary_lines(summary, destination))
    if code := exit_for(summary):
        raise typer.Exit(code)


def _say_all(lines: Iterable[str]) -> None:
    for line in lines:
        say(line)


def _part(text: str) -> tuple[int, int]:
    k, slash, n = text.partition("/")
    if not (slash and k.isdecimal() and n.isdecimal()):
        raise InputError("option_value", f"shard is {text!r}, but it must be K/N, such as 0/16")
    return int(k), int(n)


def _engine(name: str, address: str | None, num_cpus: float | None, num_gpus: float) -> Engine | None:
    if name == "ray":
        from tress.batch.ray_engine import RayEngine

        return RayEngine(address=address, num_cpus=num_cpus, num_gpus=num_gpus)
    if name != "local":
        raise InputError("option_value", f"engine is {name!r}, but it must be local or ray")
    if address is not None or num_cpus is not None or num_gpus:
        raise InputError("options_conflict", "--address, --num-cpus and --num-gpus need --engine ray")
    return None
