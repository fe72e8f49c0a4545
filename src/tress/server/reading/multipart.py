"""Parses ``multipart/form-data`` in memory: the body's size is limited, and nothing of a picture touches a disk."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from tress.errors import InputError
from tress.server.reading.fields import check_name, check_value
from tress.server.reading.flat import decode_text

_MAX_PARTS = 100
_MAX_HEADER_BYTES = 8192
# A file name in another character set (RFC 5987), which the parser passes over.
_EXTENDED_NAME = re.compile(rb"(?i);[ \t]*filename\*[ \t]*=")
# What says that a part is a file although it has no name.
_FILE_KINDS = (b"image/", b"application/octet-stream")


class FormReader:
    """Collects the parts of one form.

    Args:
        boundary: as the Content-Type says.

    Attributes:
        texts: field to text.
        files: field to content, for parts with a file name, or of a type that only files have.  Of a field that comes
            twice, the last counts.
        repeated: fields that came with more than one file.
    """

    def __init__(self, boundary: bytes) -> None:
        self.texts: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self.repeated: set[str] = set()
        self._parts = 0
        self._complete = False
        self._header, self._value, self._disposition, self._kind = bytearray(), bytearray(), b"", b""
        self._name, self._is_file, self._content = "", False, bytearray()
        if not boundary:
            raise InputError(
                "multipart",
                "the Content-Type multipart/form-data names no boundary",
                hint="leave the header Content-Type out: your HTTP library writes it, with the boundary it has chosen",
            )
        names = ("part_begin", "part_data", "part_end", "header_field", "header_value", "header_end", "end")
        callbacks = {f"on_{name}": getattr(self, f"_on_{name}") for name in (*names, "headers_finished")}
        try:
            self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        except (FormParserError, ValueError) as error:
            raise _broken("its boundary cannot be used") from error

    async def read(self, stream: AsyncIterable[bytes]) -> None:
        """Reads the whole body.

        Raises:
            InputError: it is not a complete form, or a name or a text in it is too long.
        """
        try:
            async for chunk in stream:
                self._parser.write(chunk)
            self._parser.finalize()
        except FormParserError as error:
            raise _broken("it does not follow the format") from error
        if not self._complete:
            raise _broken("it ends too early")

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise _broken(f"it has more than {_MAX_PARTS} parts")
        self._disposition, self._kind, self._content = b"", b"", bytearray()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]
        self._check_header()

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._check_header()

    def _check_header(self) -> None:
        if len(self._header) + len(self._value) > _MAX_HEADER_BYTES:
            raise _broken("a part has too long a header")

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        elif self._header.lower() == b"content-type":
            self._kind = bytes(self._value).strip().lower()
        self._header.clear()
        self._value.clear()

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if not options.get(b"name"):
            raise _broken("a part has no name")
        self._name = options[b"name"].decode("utf-8", "replace")
        check_name(self._name)
        self._is_file = (
            b"filename" in options
            or _EXTENDED_NAME.search(self._disposition) is not None
            or self._kind.startswith(_FILE_KINDS)
        )

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._content += data[start:end]
        if not self._is_file:
            check_value(self._name, len(self._content))

    def _on_part_end(self) -> None:
        if self._is_file:
            if self._name in self.files:
                self.repeated.add(self._name)
            self.files[self._name] = bytes(self._content)
        else:
            try:
                self.texts[self._name] = decode_text(self._content)
            except ValueError:
                raise _broken("a part without a file name is not text in UTF-8, or a long one beyond ASCII") from None

    def _on_end(self) -> None:
        self._complete = True


def _broken(why: str) -> InputError:
    return InputError(
        "multipart", f"the multipart body cannot be read: {why}", hint="let your HTTP library write body and header"
    )
