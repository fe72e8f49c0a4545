"""Every error as an exit code and lines on stderr: the only place that maps them."""

from __future__ import annotations

import os
import sys
from enum import IntEnum
from typing import TextIO

from tress.errors import InputError, ModelError, TressError, printable

_STDERR = 2


class ExitCode(IntEnum):
    """What ``tress`` answers to the shell."""

    OK = 0
    SOME_FAILED = 1
    INPUT = 2
    MODEL = 3
    NOT_FOUND = 4
    TOO_MANY_FAILED = 5
    BUG = 70
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "everything was done",
    ExitCode.SOME_FAILED: "some of several inputs failed (the others were written), or the reader of stdout went away",
    ExitCode.INPUT: "an input, an option or a path is wrong",
    ExitCode.MODEL: "a model or a device is missing or failed",
    ExitCode.NOT_FOUND: "at least one picture of `tress cut` has no subject; its result was written and is empty",
    ExitCode.TOO_MANY_FAILED: "a batch was stopped because more failed than --max-failure-rate allows",
    ExitCode.BUG: "a bug in tress; `tress --debug ...` shows where",
    ExitCode.INTERRUPTED: "stopped with Ctrl-C, or a batch with SIGTERM; no half-written file stays",
}


def exit_code(error: Exception) -> ExitCode:
    """The exit code for one failure."""
    if isinstance(error, InputError):
        return ExitCode.INPUT
    if isinstance(error, ModelError):
        return ExitCode.MODEL
    return ExitCode.BUG


def describe_failure(error: Exception) -> dict[str, str]:
    """Code, message and hint of a failure, for programs and for people."""
    if isinstance(error, TressError):
        return {"code": error.code, "message": error.message, "hint": error.hint}
    return {
        "code": "internal_error",
        "message": f"unexpected {type(error).__name__}: {error}",
        "hint": "this is a bug in tress; please report it with what `tress --debug ...` prints",
    }


def print_failure(error: Exception, *, about: str = "") -> None:
    """Writes ``error:`` and ``hint:`` lines to stderr.

    Args:
        error: what happened.
        about: the input that it is about.
    """
    told = describe_failure(error)
    prefix = f"{about}: " if about and about not in told["message"] else ""
    say(f"error: {prefix}{told['message']}")
    if told["hint"]:
        say(f"hint: {told['hint']}")


def stdout_failed(error: OSError) -> InputError:
    """What a write to standard output failed with, such as a full disk."""
    return InputError(
        "stdout_failed",
        f"cannot write to standard output: {error.strerror or error}",
        hint="it may lead to a full disk",
    )


def nowhere() -> TextIO:
    """A stream for what nobody reads; it stays open for as long as the process runs."""
    return open(os.devnull, "w", encoding="utf-8")


def hush_libraries() -> None:
    """Sends nowhere what C libraries write to stderr; Python goes on writing to where it led.

    A damaged fax page of 300 kB makes libtiff write 60 MB of complaints.
    """
    try:
        if sys.stderr.fileno() != _STDERR:
            return
        sys.stderr.flush()
        kept = os.dup(_STDERR)
        sys.stderr = os.fdopen(kept, "w", 1, encoding=sys.stderr.encoding, errors=sys.stderr.errors)
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDERR)
    except OSError:
        # Closed, or no file: then there is nothing to keep clean.
        return


def say(line: str) -> None:
    """Writes one line to stderr; a closed stderr is no reason to stop working.

    Names of files and of models may hold what would control the terminal: it is shown as its escape.
    """
    line = printable(line)
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        # None would make print() write to stdout, into the picture.
        sys.stderr = nowhere()
    except UnicodeEncodeError:
        print(line.encode("ascii", "backslashreplace").decode(), file=sys.stderr, flush=True)
