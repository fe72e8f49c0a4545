"""The command ``tress``."""

from __future__ import annotations

import difflib
import errno
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from tress.cli.batch import app as batch
from tress.cli.cut import cut
from tress.cli.eval import evaluate
from tress.cli.failures import MEANINGS, ExitCode, exit_code, hush_libraries, nowhere, print_failure, say, stdout_failed
from tress.cli.mcp import mcp
from tress.cli.models import models
from tress.cli.page import page
from tress.cli.serve import serve
from tress.cli.watch import watch
from tress.errors import InputError, TressError
from tress.io.sources import name_too_long

_EPILOG = "Exit codes: " + "; ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items()) + "."

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_HELP = ["-h", "--help"]

app = typer.Typer(
    name="tress",
    help="Remove the background of pictures of people and objects.",
    epilog=_EPILOG,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": _HELP},
)
app.command(epilog=_EPILOG)(cut)
app.command()(models)
app.command()(serve)
app.command()(mcp)
app.command()(page)
app.command("eval")(evaluate)
app.add_typer(batch)
app.command()(watch)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"tress {version('tress')}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
) -> None:
    pass


def main(arguments: list[str], *, owns_stderr: bool = False) -> int:
    """Runs the command line.

    Args:
        arguments: without the program's name.
        owns_stderr: the process is ours: libraries that read pictures are kept from writing to stderr.

    Returns:
        The exit code.  After ``ExitCode.INTERRUPTED`` abandoned threads may still be running.
    """
    debug = "--debug" in arguments
    try:
        group: Any = typer.main.get_command(app)
        words = _with_command(arguments, group)
        if owns_stderr and not debug and words[0] == "cut":
            hush_libraries()
        answer = group.main(words, prog_name="tress", standalone_mode=False, obj=debug)
        return answer if isinstance(answer, int) else ExitCode.OK
    except (typer.Abort, KeyboardInterrupt):
        say("stopped")
        return ExitCode.INTERRUPTED
    except Exception as raised:
        error: Exception = raised
        if isinstance(raised, OSError) and _is_from_stdout(raised):
            error = stdout_failed(raised)
        elif isinstance(raised, OSError) and raised.errno == errno.ENAMETOOLONG:
            error = name_too_long(str(raised.filename or ""))
        if debug:
            traceback.print_exc()
        if _is_usage_error(error):
            return _print_usage_error(error)
        print_failure(error)
        return exit_code(error)


def run() -> None:
    """Entry point."""
    # Closed by whoever started us.  The number of a closed stream would go to the next file that is opened.
    sys.stdout = sys.stdout or nowhere()
    sys.stderr = sys.stderr or nowhere()
    code = main(sys.argv[1:], owns_stderr=True)
    try:
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError) and code == ExitCode.OK:
            print_failure(stdout_failed(error))
        # The reader of our output has seen enough, or the disk is full.  Python would complain once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.SOME_FAILED if isinstance(error, BrokenPipeError) else code or ExitCode.INPUT
    if code == ExitCode.INTERRUPTED:
        # A network that is still running in a thread cannot be stopped, and nobody waits for its answer.
        os._exit(code)
    sys.exit(code)


def _with_command(arguments: list[str], group: Any) -> list[str]:
    """Puts ``cut`` before arguments that name no command: ``tress photo.jpg``, ``tress --mask photo.jpg``.

    ``--debug`` may stand anywhere.

    Raises:
        InputError: the first word is neither a command nor a file, but looks like a misspelt command.
    """
    arguments = [argument for argument in arguments if argument != "--debug"]
    if not arguments:
        return ["--help"]
    first = arguments[0]
    if first == "batch":
        return ["batch", *_with_batch_command(arguments[1:], group.commands["batch"])]
    own_options = {name for parameter in group.params for name in parameter.opts} | set(_HELP)
    if first in group.commands or first in own_options:
        return arguments
    close = difflib.get_close_matches(first, group.commands, n=1)
    if first.isidentifier() and close and not Path(first).exists():
        raise InputError(
            "command_unknown", f"there is no command or picture {first!r}", hint=f"did you mean tress {close[0]}?"
        )
    return ["cut", *arguments]


def _with_batch_command(arguments: list[str], group: Any) -> list[str]:
    """Puts ``start`` before arguments that name no command: ``tress batch photos/ cutouts/``."""
    if not arguments:
        return ["--help"]
    return arguments if arguments[0] in {*group.commands, *_HELP} else ["start", *arguments]


def _is_from_stdout(error: OSError) -> bool:
    # An error of a file says which file.
    return error.errno in _NO_ROOM and error.filename is None


def _is_usage_error(error: Any) -> bool:
    # Newer versions of typer carry their own copy of click, so its classes have no common name to import.
    return not isinstance(error, TressError) and hasattr(error, "format_message") and hasattr(error, "exit_code")


def _print_usage_error(error: Any) -> int:
    say(f"error: {error.format_message()}")
    context = getattr(error, "ctx", None)
    say(f"hint: {context.command_path if context else 'tress'} --help lists the options")
    return ExitCode.INPUT
