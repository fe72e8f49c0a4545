"""WebP files: the canvas, for which their decoder takes memory before it tells it, and what the first frame covers."""

from __future__ import annotations

import struct
from typing import BinaryIO

from PIL import WebPImagePlugin

from tress.io.formats.outline import Outline

_ANIMATED = 2
# Profile and settings come before the first frame.
_MAX_CHUNKS = 100


def outline(file: BinaryIO) -> Outline:
    """Canvas, and place of the first frame of an animation."""
    head = file.read(30)
    size = _canvas(head)
    covered = _first_frame(file) if head[12:16] == b"VP8X" and len(head) > 20 and head[20] & _ANIMATED else None
    file.seek(0)
    return Outline(
        lambda: WebPImagePlugin.WebPImageFile(file),
        size_px=size,
        covered=covered if size and covered != (0, 0, *size) else None,
    )


def _first_frame(file: BinaryIO) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom; None if there is no frame."""
    position = 12
    for _ in range(_MAX_CHUNKS):
        file.seek(position)
        kind, length = file.read(4), int.from_bytes(file.read(4), "little")
        if kind == b"ANMF":
            numbers = file.read(12)
            left, top, width, height = (int.from_bytes(numbers[i : i + 3], "little") for i in range(0, 12, 3))
            # Places are even, sizes at least 1: each is stored so that no number is wasted.
            return 2 * left, 2 * top, 2 * left + width + 1, 2 * top + height + 1
        if len(kind) < 4:
            return None
        position += 8 + length + length % 2
    return None


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
