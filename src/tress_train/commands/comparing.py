"""The command ``tress-train compare``: runs side by side, as text and as one page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tress.errors import InputError
from tress.evaluation.report import svg
from tress.evaluation.report.page import charts_row, page, table
from tress.io.files import write_atomic
from tress_train.commands.needed import need_training_packages
from tress_train.storage.copies import local_run
from tress_train.storage.places import last_name

if TYPE_CHECKING:
    from tress_train.run.comparing import RunFacts

Table = tuple[str, list[str], list[list[str]]]


def compare(
    runs: Annotated[list[str], typer.Argument(help="Folders or URLs of runs.")],
    out: Annotated[Path | None, typer.Option(help="Also write an HTML page with charts.")] = None,
    hour_price: Annotated[float, typer.Option(min=0, help="What an hour of these machines costs.")] = 0.0,
) -> None:
    """Compare runs: settings that differ, losses, scores, gates and cost."""
    need_training_packages()
    from tress_train.run.comparing import facts_of

    if len(runs) < 2:
        raise InputError("runs_too_few", "one run cannot be compared", hint="name two or more")
    names = _names(runs)
    found = [facts_of(local_run(run), name) for run, name in zip(runs, names, strict=True)]
    tables = _tables(found, hour_price)
    for title, head, rows in tables:
        typer.echo(f"\n{title}\n" + text_table([head, *rows]))
    if out is not None:
        write_atomic(out, _page(found, tables).encode(), overwrite=True)
        typer.echo(f"\n{out}")


def _names(runs: Sequence[str]) -> list[str]:
    """Names of the folders, or the whole places where two are called alike."""
    short = [last_name(run if "://" in run else Path(run)) for run in runs]
    return short if len(set(short)) == len(short) else [str(run) for run in runs]


def _tables(runs: Sequence[RunFacts], hour_price: float) -> list[Table]:
    from tress_train.run.comparing import differing

    names = [run.name for run in runs]
    settings = [[name, *values] for name, values in differing(runs).items()]
    groups = list(
        dict.fromkeys((group, metric) for run in runs for group in run.scores for metric in run.scores[group])
    )
    scores = [[f"{group} {metric}", *(_score(run, group, metric) for run in runs)] for group, metric in groups]
    losses = list(dict.fromkeys(name for run in runs for name in run.series if " " not in name))
    last = [
        [name, *(f"{run.series[name][-1][1]:.4g}" if name in run.series else "" for run in runs)] for name in losses
    ]
    cost = [
        ["steps", *(str(run.steps) for run in runs)],
        ["hours", *(f"{run.hours:.2f}" for run in runs)],
        ["processes", *(f"{run.processes} on {run.device}" for run in runs)],
        ["finished", *("yes" if run.finished else "no" for run in runs)],
    ]
    if hour_price:
        cost.append(["cost", *(f"{run.hours * hour_price:.2f}" for run in runs)])
    gates = [[run.name, line] for run in runs for line in [*run.gates, *(f"decided: {d}" for d in run.decisions)]]
    return [
        ("Settings that differ", ["", *names], settings),
        ("Last losses", ["", *names], last),
        ("Scores", ["", *names], scores),
        ("Gates", ["run", "gate"], gates),
        ("Cost", ["", *names], cost),
    ]


def _score(run: RunFacts, group: str, metric: str) -> str:
    found = run.scores.get(group, {}).get(metric)
    if found is None:
        return ""
    known = found.low != found.high
    return f"{found.value:.4f}" + (f" [{found.low:.4f}, {found.high:.4f}]" if known else "")


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells in columns, for a terminal."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _page(runs: Sequence[RunFacts], tables: Sequence[Table]) -> str:
    parts = ["<p>Brackets hold 95 % bootstrap intervals over pictures.</p>"]
    for title, head, rows in tables:
        cells = [[escape(cell) for cell in row] for row in rows]
        parts += [f"<h2>{title}</h2>", table([escape(cell) for cell in head], cells) if rows else "<p>None.</p>"]
    names = [run.name for run in runs]
    series = list(dict.fromkeys(name for run in runs for name in run.series))
    charts = [
        svg.scatter(
            {run.name: [svg.Point(x, y) for x, y in run.series.get(name, [])] for run in runs},
            x_title="step",
            y_title=name,
            connect=True,
        )
        for name in series
    ]
    parts += ["<h2>Over steps</h2>", svg.legend(names), charts_row(charts)]
    return page(f"Comparison of {', '.join(names)}", parts)
