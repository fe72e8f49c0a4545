"""Writes the pages that come from declarations: ``make reference``.

The command line, the options and the HTTP interface each have a page in ``docs/`` that nobody edits.  A test compares
them with what this makes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tress.cli import reference as cli
from tress.outputs import OPTIONS, describe
from tress.outputs.option import FALSE_WORDS, TRUE_WORDS, Option

DOCS = Path(__file__).parents[2] / "docs"
_NOTE = "<!-- Made by `make reference`; edit the declarations, not this page. -->\n"


def options_page() -> str:
    """Every output option with all its names."""
    parts = [
        "# Output options\n",
        _NOTE,
        "Each option is declared once, in `src/tress/outputs`. The command line's flag, the HTTP field, the control on"
        " the page and this page come from the declaration.\n",
    ]
    schema = describe()["properties"]
    for group in dict.fromkeys(option.group for option in OPTIONS.values()):
        parts.append(f"## {group}\n")
        parts += [_option(option, schema[option.name]) for option in OPTIONS.values() if option.group == group]
    return "\n".join(parts)


def _option(option: Option[Any], schema: dict[str, Any]) -> str:
    rows = [
        ("Command line", f"`{option.flag}{' ' + option.kind.metavar if option.kind.metavar else ''}`"),
        ("HTTP and Python", f"`{option.name}`{', a file may be sent' if option.kind.takes_file else ''}"),
        ("Type over HTTP", _type(schema)),
        ("Default", f"`{option.default_text}`" if option.default_text else "unset"),
    ]
    if option.examples:
        rows.append(("Examples", ", ".join(f"`{text}`" for text in option.examples)))
    table = cli.table(rows, ("Where", "What"))
    return f"### {option.name}\n\n{option.help}\n\n{table}"


def http_page() -> str:
    """Every address of the service, from its OpenAPI document."""
    from tress.server.app import create_app

    document = create_app().openapi()
    parts = [
        "# HTTP reference\n",
        _NOTE,
        "[The HTTP service](http.md) explains it; a running service shows the same at `/docs` and as OpenAPI at"
        " `/openapi.json`.\n",
    ]
    for path, operations in document["paths"].items():
        parts += [_operation(f"{method.upper()} {path}", operation) for method, operation in operations.items()]
    return "\n".join(parts)


def _operation(title: str, operation: dict[str, Any]) -> str:
    parts = [f"## `{title}`\n", f"{operation['summary']}.\n"]
    description = operation.get("description", "")
    if description and description.strip(".") != operation["summary"].strip("."):
        # Without a language, nobody would know whether a block is to be run.
        parts.append(description.replace("```\ncurl", "```text\ncurl") + "\n")
    bodies = operation.get("requestBody", {}).get("content", {})
    if bodies:
        parts.append(f"Body: {', '.join(f'`{kind}`' for kind in bodies)}.\n")
    fields = _fields(operation, bodies)
    if fields:
        parts.append(cli.table(fields, ("Field", "Type", "Meaning")))
    answers = [
        (code, answer["description"].replace("Successful Response", "It worked."))
        for code, answer in sorted(operation["responses"].items())
    ]
    parts.append(cli.table(answers, ("Answer", "When")))
    return "\n".join(parts)


def _fields(operation: dict[str, Any], bodies: dict[str, Any]) -> list[tuple[str, ...]]:
    fields = {parameter["name"]: parameter.get("schema", {}) for parameter in operation.get("parameters", [])}
    for body in bodies.values():
        for name, schema in body.get("schema", {}).get("properties", {}).items():
            fields.setdefault(name, schema)
    rows = []
    for name, schema in fields.items():
        text = schema.get("description", "")
        shared = name in OPTIONS and text == OPTIONS[name].help
        meaning = f"The option [{name}](options.md#{name})." if shared else " ".join(text.split())
        rows.append((f"`{name}`", _type(schema), meaning))
    return rows


def _type(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "string")
    words = set(schema.get("enum", ()))
    if words and words == {*TRUE_WORDS, *FALSE_WORDS}:
        return "true or false"
    if words:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if "minimum" in schema and "maximum" in schema:
        return f"{kind}, {schema['minimum']:g} to {schema['maximum']:g}"
    return "file" if schema.get("format") == "binary" or schema.get("contentMediaType") else str(kind)


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli.reference,
    "options.md": options_page,
    "http-reference.md": http_page,
}


if __name__ == "__main__":
    for page, make in PAGES.items():
        (DOCS / page).write_text(make(), encoding="utf-8")
