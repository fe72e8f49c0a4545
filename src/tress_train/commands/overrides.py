"""Changes to a recipe from the command line: ``--set stages.small.lr=1e-4``."""

from __future__ import annotations

import types
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tress.errors import InputError

T = TypeVar("T")


def apply(config: T, assignments: Iterable[str]) -> T:
    """Returns a copy of a frozen dataclass with ``a.b=value`` assignments applied in order.

    Items of a tuple are named by position or by their ``name``; entries of a dictionary by their key.

    Raises:
        InputError: an assignment has no ``=``, names something that is not there (the message lists what is), or its
            value does not have the wanted type.
    """
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals or not path:
            raise InputError("override_malformed", f"{assignment!r} is no assignment", hint="write --set name=value")
        config = _assign(config, type(config), path.strip().split("."), text.strip(), path.strip())
    return config


def _assign(value: Any, wanted: Any, names: list[str], text: str, path: str) -> Any:
    if not names:
        return _parse(text, wanted, path)
    name, rest = names[0], names[1:]
    if is_dataclass(value) and not isinstance(value, type):
        hints = get_type_hints(type(value))
        allowed = [field.name for field in fields(value)]
        if name not in allowed:
            raise _unknown(path, name, allowed)
        return replace(value, **{name: _assign(getattr(value, name), hints[name], rest, text, path)})
    if isinstance(value, tuple) and value:
        allowed = [str(getattr(item, "name", position)) for position, item in enumerate(value)]
        position = allowed.index(name) if name in allowed else int(name) if name.isdecimal() else -1
        if not 0 <= position < len(value):
            raise _unknown(path, name, allowed)
        item_type = (get_args(wanted) or (type(value[position]),))[0]
        item = _assign(value[position], item_type, rest, text, path)
        return (*value[:position], item, *value[position + 1 :])
    if isinstance(value, dict):
        if rest or name not in value:
            raise _unknown(path, name, list(value))
        return {**value, name: _parse(text, get_args(wanted)[1], path)}
    raise InputError("override_unknown", f"{path!r}: there is nothing below {name!r} to set")


def _unknown(path: str, name: str, allowed: list[str]) -> InputError:
    return InputError("override_unknown", f"{path!r}: there is no {name!r}", hint=f"there are: {', '.join(allowed)}")


def _parse(text: str, wanted: Any, path: str) -> Any:
    origin, options = get_origin(wanted), get_args(wanted)
    if origin is Literal:
        if text not in options:
            raise InputError(
                "override_type", f"{path!r} cannot be {text!r}", hint=f"allowed: {', '.join(map(str, options))}"
            )
        return text
    if origin in (Union, types.UnionType):
        if text.lower() == "none" and type(None) in options:
            return None
        return _parse(text, next(option for option in options if option is not type(None)), path)
    if origin is tuple and len(options) == 2 and options[1] is Ellipsis:
        return tuple(_parse(part.strip(), options[0], path) for part in text.split(",") if part.strip())
    if wanted is bool:
        if text.lower() not in ("true", "false"):
            raise InputError("override_type", f"{path!r} must be true or false but is {text!r}")
        return text.lower() == "true"
    if wanted in (int, float, str):
        try:
            return wanted(text)
        except ValueError:
            raise InputError("override_type", f"{path!r} must be of type {wanted.__name__} but is {text!r}") from None
    raise InputError("override_type", f"{path!r} is a group and cannot be set as a whole", hint="name a field in it")
