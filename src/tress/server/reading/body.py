"""Reads a request's body within limits: multipart, form, JSON or the raw picture, all into one kind of value."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from tress.errors import InputError
from tress.server.reading.fields import check_name, check_value
from tress.server.reading.flat import MAX_FIELDS, read_form, read_object
from tress.server.reading.multipart import FormReader


@dataclass
class Body:
    """What a request says.

    Attributes:
        texts: field to text; fields that were sent empty are left out, because clients send empty for unset.
        files: field to the bytes of an uploaded file; empty files are left out too.
        raw: the body itself, if it is neither a form nor JSON.
        empty: names of the fields that were sent empty.
        nested: names of the fields that hold a JSON object or list, which no parameter may.
        repeated: names of the fields that brought several files.
    """

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    raw: bytes = b""
    empty: frozenset[str] = frozenset()
    nested: frozenset[str] = frozenset()
    repeated: frozenset[str] = frozenset()

    @classmethod
    def of(cls, texts: Mapping[str, str], files: Mapping[str, bytes]) -> Body:
        """Sorts out what is empty."""
        empty = frozenset(name for fields in (texts, files) for name, value in fields.items() if not value)
        filled = {name: text for name, text in texts.items() if text}
        return cls(filled, {name: content for name, content in files.items() if content}, empty=empty)

    def check_flat(self, known: Container[str] | None = None) -> None:
        """Refuses nested values.

        Args:
            known: parameters that this holds for; None for all.

        Raises:
            InputError: a field holds a JSON object or list.
        """
        for name in sorted(self.nested):
            if known is None or name in known:
                raise InputError("json", f"the value of {name[:40]!r} is neither text, number, boolean nor null")

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


def check_query(request: Request) -> None:
    """Raises InputError if a name or a value in the query string is too long."""
    for name, value in request.query_params.items():
        check_name(name)
        check_value(name, len(value))


async def read_body(request: Request, max_bytes: int) -> Body:
    """Reads and parses the body, refusing it as soon as it is longer than allowed.

    Raises:
        InputError: too large, or not what its Content-Type says.
    """
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        message = f"Content-Encoding {coding[:40]} is not understood"
        raise InputError("content_encoding", message, hint="send the body as it is, not compressed")
    kind, parameters = parse_options_header(request.headers.get("content-type", ""))
    stream = _limited(request, max_bytes)
    if kind == b"multipart/form-data":
        return await _multipart(stream, parameters.get(b"boundary", b""))
    content = bytearray()
    async for chunk in stream:
        content += chunk
    if kind == b"application/json":
        return await asyncio.to_thread(_json, bytes(content))
    if kind == b"application/x-www-form-urlencoded":
        return await asyncio.to_thread(_form, bytes(content))
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
    return replace(Body.of(reader.texts, reader.files), repeated=frozenset(reader.repeated))


def _form(content: bytes) -> Body:
    try:
        texts = read_form(content)
    except ValueError as error:
        hint = (
            f"send it percent-encoded, in UTF-8, with at most {MAX_FIELDS} fields; "
            "if the body is the picture itself, say so by its Content-Type, such as image/jpeg"
        )
        raise InputError("form", "the form cannot be read", hint=hint) from error
    return Body.of(texts, {})


def _json(content: bytes) -> Body:
    try:
        values = read_object(content)
    except TypeError as error:
        raise InputError(
            "json", "the body is JSON but not an object", hint='send {"image_url": "https://..."}'
        ) from error
    except (ValueError, RecursionError) as error:
        hint = f"send one flat JSON object in UTF-8, with at most {MAX_FIELDS} fields; base64 is ASCII"
        raise InputError("json", "the body is not a JSON object that can be read", hint=hint) from error
    nested = frozenset(name for name, value in values.items() if isinstance(value, (list, dict)))
    texts = {name: _json_text(value) for name, value in values.items() if name not in nested}
    return replace(Body.of(texts, {}), nested=nested)


def _json_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _too_large(max_bytes: int) -> InputError:
    return InputError(
        "body_too_large",
        f"the request is larger than {max_bytes / 2**20:.3g} MB",
        hint="send a smaller picture, or the same one as JPEG or WebP",
    )
