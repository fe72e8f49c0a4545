"""Command-line parameters made from the declared output options."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from tress.outputs import OPTIONS, parse
from tress.outputs.option import Choice, Flag, Option


def with_output_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command one parameter for every declared output option in place of its parameter ``options``.

    The command is called with ``options=OutputOptions(...)``.

    Raises (the command, when it is called):
        InputError: an option's value is wrong.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [parameter for parameter in signature.parameters.values() if parameter.name != "options"]
    parameters = [*own, *(_parameter(option) for option in OPTIONS.values())]

    @functools.wraps(command)
    def gathered(**values: Any) -> None:
        chosen = {name: values.pop(name) for name in OPTIONS}
        command(**values, options=parse(chosen, files=True))

    # typer reads the parameters from here, and would otherwise look through to the command.
    del gathered.__wrapped__
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
