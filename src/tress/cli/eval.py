"""``tress eval``: scores models on a data set."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tress.cli.failures import ExitCode, say
from tress.errors import printable

if TYPE_CHECKING:
    from tress.evaluation.run import Outcome

_SHOWN_PROBLEMS = 10


def evaluate(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="Folder with manifest.jsonl, or with the folders image and alpha.")
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|FILE|FOLDER",
            help="Model name, ONNX file, or folder of predicted alphas; may be repeated. "
            "The others are compared with the first.  [default: default]",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder for the report and the cache.")
    ] = Path("evaluation"),
    metric: Annotated[
        list[str] | None, typer.Option("--metric", metavar="NAME", help="Only this metric; may be repeated.")
    ] = None,
    set_name: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME", help="Only this data set; may be repeated.")
    ] = None,
    every: Annotated[
        int, typer.Option(min=1, metavar="N", help="Use every n-th picture of each set, for a quick look.")
    ] = 1,
    threads: Annotated[int | None, typer.Option(min=1, metavar="N", help="Cores to use. Unset: all.")] = None,
    no_refine: Annotated[bool, typer.Option("--no-refine", help="Leave the refiner out.")] = False,
    hard: Annotated[bool, typer.Option("--hard", help="The alphas of plain folders are binary masks.")] = False,
) -> int:
    """Score models on a data set and write report.html, report.json and report.md.

    What was predicted or scored before is taken from the cache in the output folder.
    """
    from tress.evaluation.run import Options
    from tress.evaluation.run import evaluate as run

    options = Options(
        metrics=tuple(metric or ()),
        sets=tuple(set_name or ()),
        every=every,
        threads=threads,
        refine=not no_refine,
        edge="hard" if hard else "exact",
    )
    with _progress() as progress:
        outcome = run(data, model or ["default"], out, options, progress)
    return _tell(outcome)


def _tell(outcome: Outcome) -> int:
    """Prints the table and what failed; gives the exit code."""
    files = {file.name: file for file in outcome.files}
    for line in files["report.md"].read_text(encoding="utf-8").splitlines():
        print(printable(line))
    failures = outcome.failures
    for problem in failures[:_SHOWN_PROBLEMS]:
        about = ", ".join(part for part in (problem.model, problem.picture) if part)
        say(f"error: {about}: {problem.message}")
    if len(failures) > _SHOWN_PROBLEMS:
        say(f"error: {len(failures) - _SHOWN_PROBLEMS} more; report.html lists them all")
    say(f"report: {files['report.html']}")
    if not outcome.report["data"]["scored"]:
        whole_models = [problem for problem in failures if problem.model and not problem.picture]
        return ExitCode.MODEL if whole_models else ExitCode.INPUT
    return ExitCode.SOME_FAILED if failures else ExitCode.OK


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda what, done, of: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    tasks = {}
    with Progress(*columns, console=Console(stderr=True)) as bar:

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                # Names of models may look like markup.
                tasks[what] = bar.add_task(escape(printable(what)), total=of)
            bar.update(tasks[what], completed=done)

        yield show
