"""Reads a request's body within limits: multipart, form, JSON or the raw picture, all into one kind of value."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from tress.errors import InputError
from tress.server.multipart import FormReader

_MAX_FIELDS = 100


@dataclass
class Body:
    """What a request says.

    Attributes:
        texts: field to text; fields that were sent empty are left out, because clients send empty for unset.
        files: field to the bytes of an uploaded file; empty files are left out too.
        raw: the body itself, if it is neither a form nor JSON.
        empty: names of the fields that were sent empty.
    """

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    raw: bytes = b""
    empty: frozenset[str] = frozenset()

    @classmethod
    def of(cls, texts: Mapping[str, str], files: Mapping[str, bytes]) -> Body:
        """Sorts out what is empty."""
        empty = frozenset(name for fields in (texts, files) for name, value in fields.items() if not value)
        filled = {name: text for name, text in texts.items() if text}
        return cls(filled, {name: content for name, content in files.items() if content}, empty=empty)

    @property
    def size_bytes(self) -> int:
        """Of everything that could be a picture."""
        return len(self.raw) + sum(map(len, self.files.values())) + sum(map(len, self.texts.values()))


def check_length(headers: Mapping[str, str], max_bytes: int) -> None:
    """Refuses by the announced length, before anything is read.

    Raises:
        InputError: it is not a number, or too large.
    """
    announced = headers.get("content-length")
    if announced is None:
        return
    if not (announced.isascii() and announced.isdigit()):
        raise InputError("content_length", "the header Content-Length is not a number")
    if int(announced) > max_bytes:
        raise _too_large(max_bytes)


async def read_body(request: Request, max_bytes: int) -> Body:
    """Reads and parses the body, refusing it as soon as it is longer than allowed.

    Raises:
        InputError: too large, or not what its Content-Type says.
    """
    kind, parameters = parse_options_header(request.headers.get("content-type", ""))
    stream = _limited(request, max_bytes)
    if kind == b"multipart/form-data":
        return await _multipart(stream, parameters.get(b"boundary", b""))
    content = bytearray()
    async for chunk in stream:
        content += chunk
    if kind == b"application/json":
        return _json(bytes(content))
    if kind == b"application/x-www-form-urlencoded":
        return _form(bytes(content))
    if kind == b"application/octet-stream" or kind.startswith(b"image/"):
        return Body(raw=bytes(content))
    if not kind:
        raise InputError("content_type", "the request has no Content-Type", hint=_KINDS)
    raise InputError("content_type", f"Content-Type {kind.decode('latin-1')[:80]} is not understood", hint=_KINDS)


_KINDS = "send multipart/form-data, application/json, application/x-www-form-urlencoded or the picture as image/*"


async def _limited(request: Request, max_bytes: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        yield chunk


async def _multipart(stream: AsyncGenerator[bytes, None], boundary: bytes) -> Body:
    reader = FormReader(boundary)
    await reader.read(stream)
    return Body.of(reader.texts, reader.files)


def _form(content: bytes) -> Body:
    try:
        pairs = parse_qsl(content.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise InputError("form", "the form cannot be read", hint="send it percent-encoded, in UTF-8") from error
    return Body.of(dict(pairs), {})


def _json(content: bytes) -> Body:
    try:
        values = json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError("json", "the body is not JSON", hint="send one JSON object in UTF-8") from error
    if not isinstance(values, dict):
        raise InputError("json", "the body is JSON but not an object", hint='send {"image_url": "https://..."}')
    return Body.of({name: _json_text(name, value) for name, value in values.items()}, {})


def _json_text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise InputError("json", f"the value of {name[:40]!r} is neither text, number, boolean nor null")


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def read_base64(text: str) -> bytes:
    """Decodes base64, with or without a ``data:`` prefix and line breaks.

    Raises:
        InputError: it is not base64.
    """
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        # A form turns "+" into a space when the client forgot to encode it.
        return base64.b64decode("".join(text.replace(" ", "+").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(
            "base64", "the picture is not valid base64", hint="encode the file's bytes as base64"
        ) from error


def _too_large(max_bytes: int) -> InputError:
    return InputError(
        "body_too_large",
        f"the request is larger than {max_bytes / 2**20:.3g} MB",
        hint="send a smaller picture, or the same one as JPEG or WebP",
    )
