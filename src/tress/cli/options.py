"""Command-line parameters: those of the declared output options, and those that several commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tress.errors import InputError
from tress.outputs import OPTIONS, parse
from tress.outputs.option import Choice, Flag, Option

if TYPE_CHECKING:
    from tress.io.plan import Existing

Name = Annotated[
    str | None,
    typer.Option(
        "--name",
        metavar="TEMPLATE",
        help="What results are called, as in '{stem}.cutout': {stem} is the input's name without its suffix, {ext} the "
        "suffix.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace existing results.")]
SkipExisting = Annotated[
    bool, typer.Option("--skip-existing", help="Leave existing results, so that a stopped run goes on.")
]
Model = Annotated[
    str, typer.Option(metavar="NAME|FILE", help="Model: a name that `tress models` lists, or an ONNX file.")
]
Refine = Annotated[bool, typer.Option(help="Work out hair and soft edges at full resolution.")]
Device = Annotated[
    str,
    typer.Option(
        metavar="auto|cpu|cuda|coreml|directml|openvino",
        help="Where to run. A device that is asked for and not there is an error.",
        autocompletion=lambda incomplete: [d for d in _devices() if d.startswith(incomplete)],
    ),
]
MaxMegapixels = Annotated[float, typer.Option(metavar="N", help="Refuse larger pictures before decoding.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but warnings and errors.")]


def existing_files(overwrite: bool, skip_existing: bool) -> Existing:
    """What to do about results that exist.

    Raises:
        InputError: both are asked for.
    """
    if overwrite and skip_existing:
        raise InputError("options_conflict", "--overwrite and --skip-existing exclude each other")
    return "overwrite" if overwrite else "skip" if skip_existing else "refuse"


def check_numbers(threads: int | None, max_megapixels: float) -> None:
    """Raises InputError for a number that is out of range."""
    if threads is not None and threads < 1:
        raise InputError("option_value", f"threads is {threads}, but it must be at least 1")
    # A comparison that is also false for NaN.
    if not max_megapixels > 0:
        raise InputError("option_value", f"max-megapixels is {max_megapixels:g}, but it must be more than 0")


def with_parameters_of(
    builder: Callable[..., Any], *, into: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the parameters of ``builder`` in place of its parameter ``into``, which gets what that builds."""
    built = inspect.signature(builder, eval_str=True).parameters

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def gathered(**values: Any) -> None:
            taken = {name: values.pop(name) for name in built}
            command(**values, **{into: builder(**taken)})

        return _with_parameters(gathered, command, into, built.values())

    return decorate


def with_output_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command one parameter for every declared output option in place of its parameter ``options``.

    The command is called with ``options=OutputOptions(...)``.

    Raises (the command, when it is called):
        InputError: an option's value is wrong.
    """

    @functools.wraps(command)
    def gathered(**values: Any) -> None:
        chosen = {name: values.pop(name) for name in OPTIONS}
        command(**values, options=parse(chosen, files=True))

    return _with_parameters(gathered, command, "options", [_parameter(option) for option in OPTIONS.values()])


def _with_parameters(
    gathered: Callable[..., None], command: Callable[..., None], into: str, added: Iterable[inspect.Parameter]
) -> Callable[..., None]:
    signature = inspect.signature(command, eval_str=True)
    own = [parameter for parameter in signature.parameters.values() if parameter.name != into]
    parameters = [*own, *added]
    # typer reads the parameters from here, and would otherwise look through to the command.
    del gathered.__wrapped__  # type: ignore[attr-defined]
    gathered.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    gathered.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return gathered


def _parameter(option: Option[Any]) -> inspect.Parameter:
    kind: Any = str | None
    default = None
    names = [option.flag]
    settings: dict[str, Any] = {"help": option.help, "show_default": False}
    if isinstance(option.kind, Flag):
        kind, default = bool, option.default
        if option.default:
            names = [f"{option.flag.replace('--no-', '--', 1)}/{option.flag}"]
    else:
        settings["metavar"] = option.kind.metavar
        settings["autocompletion"] = _completer(option)
        if option.default_text:
            settings["help"] += f" [default: {option.default_text}]"
    annotation = Annotated[kind, typer.Option(*names, **settings)]
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _completer(option: Option[Any]) -> Callable[[str], list[str]]:
    words = option.kind.words if isinstance(option.kind, Choice) else option.examples

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete


def _devices() -> tuple[str, ...]:
    from tress.engine import DEVICES

    return DEVICES
