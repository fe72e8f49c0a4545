"""Reads flat JSON objects and forms in memory that is a small multiple of their size, whatever a stranger sends.

The usual parsers build everything first: 30 MB of brackets, or of percent signs, become gigabytes.
"""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # the stubs leave it out
from typing import Any

from tress.server.reading.fields import MAX_WIDE_BYTES, check_name, check_value
from tress.server.reading.percent import percent_decoded

MAX_FIELDS = 100
# Of a nested value, which no parameter has: it is only read to be passed over.
_MAX_NESTED = 16 * 1024
_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r"[-+.0-9A-Za-z]{1,5000}")
_BRACKET = re.compile(r"[\[\]{}\"]")
_BOM = b"\xef\xbb\xbf"
_ESCAPE_BEYOND_ASCII = re.compile(r"\\u(?!00[0-7])")
# base64 has none.
_MAX_ESCAPED_QUOTES = 10_000
# In base64 one character of 32 may be one, and every 76th a line break.
_FREE_ESCAPES, _CHARACTERS_PER_ESCAPE = 10_000, 16


def read_object(content: bytes) -> dict[str, Any]:
    """A JSON object whose values are text, numbers, booleans and nulls; of a name that comes twice, the last counts.

    Returns:
        Name to value; a small nested value is a list or dict.

    Raises:
        ValueError: it is none, has more than 100 fields, a large nested value, or a long text beyond ASCII.
        TypeError: it is JSON of another kind.
        InputError: a name or a value is too long.
    """
    # Every byte becomes one character, so that a single one beyond ASCII does not make all the others larger.
    text = content.removeprefix(_BOM).decode("latin-1")
    values: dict[str, Any] = {}
    position = _skip(text, 0)
    if text[position : position + 1] != "{":
        raise TypeError if text[position : position + 1] == "[" or _is_plain(text) else ValueError
    position = _skip(text, position + 1)
    if text[position : position + 1] == "}":
        return _ended(text, position + 1, values)
    for _ in range(MAX_FIELDS):
        name, position = _string(text, position)
        check_name(name)
        position = _skip(text, _expect(text, _skip(text, position), ":"))
        values[name], position = _value(text, position)
        if isinstance(values[name], str):
            check_value(name, len(values[name]))
        position = _skip(text, position)
        if text[position : position + 1] == "}":
            return _ended(text, position + 1, values)
        position = _skip(text, _expect(text, position, ","))
    raise ValueError("too many fields")


def read_form(content: bytes) -> dict[str, str]:
    """The fields of an URL-encoded form, empty ones included; of a name that comes twice, the last counts.

    Raises:
        ValueError: it has more than 100 fields, is not percent-encoded UTF-8, or has a long text beyond ASCII.
        InputError: a name or a value is too long.
    """
    if content.count(b"&") >= MAX_FIELDS:
        raise ValueError("too many fields")
    if not content.isascii():
        raise ValueError("not percent-encoded")
    values = {}
    for field in content.split(b"&"):
        if field:
            encoded, _, value = field.partition(b"=")
            name = _unquoted(encoded)
            check_name(name)
            values[name] = _unquoted(value)
            check_value(name, len(values[name]))
    return values


def _unquoted(text: bytes) -> str:
    return decode_text(percent_decoded(text.replace(b"+", b" ")))


def decode_text(content: bytes | bytearray) -> str:
    """UTF-8 as text.

    Raises:
        ValueError: it is none, or long and not ASCII alone.
    """
    if len(content) > MAX_WIDE_BYTES and not content.isascii():
        raise ValueError("a long text beyond ASCII")
    return content.decode()


def _value(text: str, position: int) -> tuple[Any, int]:
    first = text[position : position + 1]
    if first == '"':
        return _string(text, position)
    if first in ("[", "{"):
        end = _nested_end(text, position)
        return json.loads(_utf8(text[position:end]), parse_constant=_no_constant), end
    plain = _PLAIN.match(text, position)
    if plain is None:
        raise ValueError("no value")
    return json.loads(plain[0], parse_constant=_no_constant), plain.end()


def _nested_end(text: str, position: int) -> int:
    depth, most = 0, position + _MAX_NESTED
    while bracket := _BRACKET.search(text, position, most):
        position = bracket.end()
        if bracket[0] == '"':
            position = _string_end(text, position)
        else:
            depth += 1 if bracket[0] in "[{" else -1
            if depth == 0:
                return position
    raise ValueError("nested too long")


def _string(text: str, position: int) -> tuple[str, int]:
    start = _expect(text, position, '"')
    end = _string_end(text, start)
    inside = text[start:end]
    if inside.count("\\") > _FREE_ESCAPES + len(inside) / _CHARACTERS_PER_ESCAPE:
        raise ValueError("too many escapes")
    # An expression that looks for both takes a hundred times longer, and all other threads wait for it.
    if inside.isascii() and not ("\\u" in inside and _ESCAPE_BEYOND_ASCII.search(inside)):
        return scanstring(text, start)
    if len(inside) > MAX_WIDE_BYTES:
        raise ValueError("a long text beyond ASCII")
    return scanstring(_utf8(inside), 0)[0], end


def _string_end(text: str, start: int) -> int:
    """Behind the closing quote of the string that begins before ``start``."""
    position = start
    for _ in range(_MAX_ESCAPED_QUOTES):
        quote = text.find('"', position)
        if quote < 0:
            break
        piece = text[position:quote]
        position = quote + 1
        if (len(piece) - len(piece.rstrip("\\"))) % 2 == 0:
            return position
    raise ValueError("a string without end")


def _utf8(text: str) -> str:
    return text.encode("latin-1").decode()


def _expect(text: str, position: int, character: str) -> int:
    if text[position : position + 1] != character:
        raise ValueError(f"no {character}")
    return position + 1


def _skip(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    return space.end() if space else position


def _ended(text: str, position: int, values: dict[str, Any]) -> dict[str, Any]:
    if _skip(text, position) != len(text):
        raise ValueError("more than one value")
    return values


def _is_plain(text: str) -> bool:
    return len(text) <= _MAX_NESTED and not isinstance(json.loads(_utf8(text), parse_constant=_no_constant), dict)


def _no_constant(name: str) -> Any:
    raise ValueError(name)
