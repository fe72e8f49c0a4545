"""Pictures that are written as text: base64 in all its spellings, and ``data:`` addresses."""

from __future__ import annotations

import asyncio
import base64

from tress.errors import InputError
from tress.server.reading.percent import percent_decoded

_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_BLANKS = b"\t\n\r\v\f"
_SCHEME = "data:"


def is_data_url(text: str) -> bool:
    """Whether an address holds its content itself."""
    return text[: len(_SCHEME) + 20].lstrip().lower().startswith(_SCHEME)


async def read_base64(text: str) -> bytes:
    """Decodes base64 in a thread: standard or safe for URLs, with or without padding, a ``data:`` prefix, blanks.

    Raises:
        InputError: it is not base64.
    """
    try:
        return await asyncio.to_thread(_any_base64, text)
    except ValueError as error:
        raise InputError(
            "base64", "the picture is not valid base64", hint="encode the file's bytes as base64"
        ) from error


async def read_data_url(text: str) -> bytes:
    """The content of a ``data:`` address, decoded in a thread.

    Raises:
        InputError: ``url_invalid``.
    """
    try:
        return await asyncio.to_thread(_data, text)
    except ValueError as error:
        raise InputError(
            "url_invalid", "the data: address cannot be read", hint="write it as data:image/png;base64,..."
        ) from error


def _any_base64(text: str) -> bytes:
    return _data(text) if is_data_url(text) else _base64(text.encode("ascii"))


def _data(text: str) -> bytes:
    head, comma, content = text.partition(",")
    if not comma:
        raise ValueError("no comma")
    if head.rstrip().lower().endswith(";base64"):
        return _base64(content.encode("ascii"))
    return bytes(percent_decoded(content.encode("ascii")))


def _base64(text: bytes) -> bytes:
    if b"%" in text:
        text = bytes(percent_decoded(text))
    plain = _without_spaces(text.translate(None, _BLANKS).strip(b" ")).translate(_URL_SAFE).rstrip(b"=")
    return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)


def _without_spaces(text: bytes) -> bytes:
    """Spaces are what is left of line breaks, if they stand at even distances; else of "+", in a form."""
    first = text.find(b" ")
    if first < 0:
        return text
    if first % 4 == 0 and first > 0:
        ends = text[first :: first + 1]
        if text.count(b" ") == len(ends) == ends.count(b" "):
            return text.replace(b" ", b"")
    return text.replace(b" ", b"+")
