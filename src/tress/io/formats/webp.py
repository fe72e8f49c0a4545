"""WebP files: the canvas, for which their decoder takes memory before it tells it."""

from __future__ import annotations

import struct
from typing import BinaryIO

from PIL import WebPImagePlugin

from tress.io.formats.outline import Outline


def outline(file: BinaryIO) -> Outline:
    """The canvas, if the file begins as it should."""
    head = file.read(30)
    file.seek(0)
    return Outline(lambda: WebPImagePlugin.WebPImageFile(file), size_px=_canvas(head))


def _canvas(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X" and len(head) >= 30:
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8L" and len(head) >= 25:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(head) >= 30:
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None
