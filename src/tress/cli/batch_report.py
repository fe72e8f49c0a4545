"""What ``tress batch`` says while and after it works."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from tress.cli.failures import ExitCode, say

if TYPE_CHECKING:
    from tress.batch import Progress, Report, Summary
    from tress.batch.pool import Ready

_LINE_SECONDS = 10.0
# After so many failures more lines help nobody; the ledger has them all.
_FAILURES_SHOWN = 20


class RunReport:
    """Tells how far a run is: a bar on a terminal, else a line now and then; with ``as_json`` every row on stdout."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self._as_json, self._quiet = as_json, quiet
        self._failures = 0
        self._said = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> RunReport:
        if not self._quiet and not self._as_json and sys.stderr.isatty():
            self._bar = _bar()
            self._task = self._bar.add_task("", total=None, told="loading")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def ready(self, what: Ready) -> None:
        """The networks are loaded."""
        for warning in what.warnings:
            say(f"warning: {warning}")
        if not self._quiet and not self._as_json:
            say(f"{what.model} on {what.device}")

    def progress(self, progress: Progress) -> None:
        """After every picture."""
        row = progress.row
        if row is not None and self._as_json:
            print_json(asdict(row))
        elif row is not None and row.status == "failed":
            self._say_failure(row.input, row.code, row.message)
        if self._bar is not None:
            self._bar.update(self._task, total=progress.total, completed=progress.done, told=_told(progress))
        elif not self._quiet and not self._as_json and time.monotonic() - self._said >= _LINE_SECONDS:
            self._said = time.monotonic()
            say(f"{progress.done} of {progress.total}, {_told(progress)}")

    def _say_failure(self, name: str, code: str, message: str) -> None:
        self._failures += 1
        if self._failures <= _FAILURES_SHOWN:
            say(f"error: {name}: {message} [{code}]")
        elif self._failures == _FAILURES_SHOWN + 1:
            say("further failures are not shown; tress batch status counts them, and the ledger names them")


def plan_lines(report: Report) -> Iterator[str]:
    """A plan in a few lines."""
    plan = report.plan
    yield f"{report.inputs} inputs ({_size(report.input_bytes)}) in {plan.shards} shards, from {plan.source}"
    yield f"{report.to_do} to do, {report.done} done already ({report.seconds:.1f} s to plan)"
    for code, count in report.settled.items():
        yield f"{count} will not be worked on: {code}, such as: {report.examples[code]}"
    space = report.space
    if space.needed_bytes is not None and report.to_do:
        free = f", {_size(space.free_bytes)} free" if space.free_bytes is not None else ""
        yield f"about {_size(space.needed_bytes)} for the results{free}"
    if space.is_short:
        yield "warning: that will most likely not fit"


def summary_lines(summary: Summary, destination: str) -> Iterator[str]:
    """How it ended, and what to do next."""
    parts = [f"{summary.ok} ok", f"{summary.empty} without a subject", f"{summary.failed} failed"]
    parts += [f"{summary.skipped} skipped"] if summary.skipped else []
    parts += [f"{summary.left} left"] if summary.left else []
    made = f" ({summary.made} in {summary.seconds:.1f} s)" if summary.made else ""
    yield f"{summary.total} inputs: {', '.join(parts)}{made}"
    for code, count in summary.codes.items():
        yield f"  {code}: {count}"
    if summary.ending == "too_many_failed":
        yield "error: stopped, because more failed than --max-failure-rate allows"
    if summary.ending == "interrupted":
        yield f"stopped; to go on: tress batch run {destination}"
    elif summary.failed:
        yield f"hint: tress batch review {destination} shows them, tress batch retry {destination} tries them again"


def exit_for(summary: Summary) -> ExitCode:
    """For the shell."""
    if summary.ending == "interrupted":
        return ExitCode.INTERRUPTED
    if summary.ending == "too_many_failed":
        return ExitCode.TOO_MANY_FAILED
    return ExitCode.SOME_FAILED if summary.failed else ExitCode.OK


@contextlib.contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets; a second signal raises KeyboardInterrupt."""
    stop = threading.Event()

    def heard(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        say("finishing the pictures in hand; once more stops at once")

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def print_json(value: Any) -> None:
    """One line on stdout."""
    print(json.dumps(value), flush=True)


def _told(progress: Progress) -> str:
    left = progress.eta_seconds
    eta = f", {_time(left)} left" if left is not None else ""
    return f"{progress.pictures_per_second:.2f} pictures/s{eta}, {progress.failed} failed"


def _time(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"


def _size(count_bytes: int | None) -> str:
    value = float(count_bytes or 0)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}"),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
    )
