"""What ``tress cut`` says while and after it works."""

from __future__ import annotations

import json
import sys
import time
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tress.cli.failures import ExitCode, describe_failure, exit_code, print_failure, say

if TYPE_CHECKING:
    from tress.io.plan import Job
    from tress.produce import Product


class Report:
    """Tells about every input: lines on stderr, or JSON on stdout; and a progress bar on a terminal.

    Args:
        count: number of inputs.
        as_json: one line of JSON per input on stdout.
        quiet: only warnings and errors.
        debug: show where an unexpected error comes from.
    """

    def __init__(self, count: int, *, as_json: bool, quiet: bool, debug: bool) -> None:
        self._count = count
        self._as_json = as_json
        self._quiet = quiet
        self._debug = debug
        self._started = time.perf_counter()
        self._written = 0
        self._empty = 0
        self._errors: list[Exception] = []
        self._ran = ""
        self._bar: Any = None

    def __enter__(self) -> Report:
        mixed_up = self._as_json and sys.stdout.isatty()
        if self._count > 1 and not self._quiet and sys.stderr.isatty() and not mixed_up:
            self._bar = _progress_bar()
            self._task = self._bar.add_task("", total=self._count)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        if self._count > 1 and kind is None and not self._quiet and not self._as_json:
            self._say_total()

    def done(self, job: Job, product: Product) -> None:
        """One input is finished and written."""
        self._written += 1
        self._empty += not product.found
        self._ran = f"{product.model} on {product.device}"
        warnings = list(product.warnings)
        if not product.found:
            warnings.append("no subject was found; the result is empty")
        if self._as_json:
            self._print_json(job, product, warnings)
        else:
            for warning in warnings:
                say(f"warning: {_name(job)}: {warning}")
            if self._count == 1 and not self._quiet:
                say(
                    f"{_name(job)} -> {_target(job)} ({product.width_px}x{product.height_px}, "
                    f"{time.perf_counter() - self._started:.2f} s, {self._ran})"
                )
        self._advance()

    def failed(self, job: Job, error: Exception) -> None:
        """One input could not be finished."""
        if isinstance(error, BrokenPipeError):
            raise error
        self._errors.append(error)
        if self._debug:
            traceback.print_exception(error)
        if self._as_json:
            print(json.dumps({"input": _name(job), "output": None, "error": describe_failure(error)}), flush=True)
        else:
            print_failure(error, about=_name(job))
        self._advance()

    def exit_code(self) -> ExitCode:
        """For the whole run."""
        if self._errors:
            return exit_code(self._errors[0]) if self._count == 1 else ExitCode.SOME_FAILED
        return ExitCode.NOT_FOUND if self._empty else ExitCode.OK

    def _print_json(self, job: Job, product: Product, warnings: list[str]) -> None:
        facts = {
            "input": _name(job),
            "output": _target(job),
            "format": product.format,
            "width": product.width_px,
            "height": product.height_px,
            "bytes": len(product.data),
            "frames": product.frames,
            "input_width": product.input_width_px,
            "input_height": product.input_height_px,
            "found": product.found,
            "box": product.box and product.box.as_json(),
            "confidence": round(product.confidence, 4),
            "model": product.model,
            "device": product.device,
            "seconds": {step: round(seconds, 4) for step, seconds in product.seconds.items()},
            "warnings": warnings,
            "error": None,
        }
        print(json.dumps(facts), flush=True)

    def _say_total(self) -> None:
        parts = [f"{self._written} of {self._count} written"]
        if self._empty:
            parts.append(f"{self._empty} without a subject")
        if self._errors:
            parts.append(f"{len(self._errors)} failed")
        ran = f", {self._ran}" if self._ran else ""
        say(f"{', '.join(parts)} ({time.perf_counter() - self._started:.2f} s{ran})")

    def _advance(self) -> None:
        if self._bar is not None:
            self._bar.advance(self._task)


def _name(job: Job) -> str:
    return "-" if job.source is None else str(job.source)


def _target(job: Job) -> str:
    return "-" if job.target is None else str(job.target)


def _progress_bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    # Lines on stderr are put above the bar; stdout is left alone, or JSON would go there too.
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
    )
