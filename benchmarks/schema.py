"""Writes results only if they follow their schema: the part of JSON Schema that the files in ``results`` use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


def check(value: Any, schema: dict[str, Any], where: str = "result") -> None:
    """Raises ValueError, naming the place, if ``value`` does not follow ``schema``."""
    if "const" in schema and value != schema["const"]:
        raise ValueError(f"{where} must be {schema['const']!r} but is {value!r}")
    if "enum" in schema and value not in schema["enum"]:
        raise ValueError(f"{where} is {value!r}, none of {schema['enum']}")
    kinds = schema.get("type", [])
    names = [kinds] if isinstance(kinds, str) else kinds
    is_right = any(isinstance(value, _TYPES[name]) and (name == "boolean" or value is not True) for name in names)
    if names and not is_right:
        raise ValueError(f"{where} must be {' or '.join(names)} but is {type(value).__name__}")
    if isinstance(value, dict):
        if missing := set(schema.get("required", [])) - set(value):
            raise ValueError(f"{where} lacks {sorted(missing)}")
        inner, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
        for key, item in value.items():
            if key in inner:
                check(item, inner[key], f"{where}.{key}")
            elif rest is False:
                raise ValueError(f"{where} has an unknown field {key!r}")
            elif isinstance(rest, dict):
                check(item, rest, f"{where}.{key}")
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            check(item, schema["items"], f"{where}[{number}]")


def write(result: dict[str, Any], target: Path, schema: Path) -> None:
    """Checks a result and writes it."""
    check(result, json.loads(schema.read_text()))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n")
    print(f"wrote {target}")
