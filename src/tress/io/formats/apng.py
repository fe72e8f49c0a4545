"""Animated PNG files: their frames, each as a PNG file of its own."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import BinaryIO, Literal

from tress.io.formats import png
from tress.io.formats.reel import Part, Reel, add_part
from tress.io.formats.spliced import Piece, spliced
from tress.io.png import chunk

_CONTROL_BYTES = 26
_SEQUENCE_BYTES = 4
_THEN: dict[int, Literal["clear", "restore"]] = {1: "clear", 2: "restore"}
_OVER = 1


@dataclass
class _Frame:
    """What an ``fcTL`` chunk says, and where the data of its frame lie in the file."""

    control: bytes
    data: list[tuple[int, int]] = field(default_factory=list)


def reel(file: BinaryIO) -> Reel | None:
    """The frames of an animation; None for a still, and where all but one picture are hidden.

    Raises:
        InputError: ``picture_corrupt`` for more chunks or frames than any program writes.
    """
    still = png.outline(file)
    if not still.has_more or still.size_px is None:
        return None
    size = file.seek(0, 2)
    frames: list[_Frame] = []
    shared: list[Piece] = []
    header, announced, loops, has_pixels = b"", 0, 0, False
    for start, kind, length in png.heads(file, size):
        content = (start + 8, min(start + 8 + length, size))
        if kind == b"IHDR":
            header = _read(file, content)
        elif kind == b"acTL":
            announced, loops = struct.unpack(">II", _read(file, content).ljust(8, b"\0")[:8])
        elif kind == b"fcTL" and content[1] - content[0] == _CONTROL_BYTES:
            frames.append(_Frame(_read(file, content)))
        elif kind == b"IDAT":
            has_pixels = True
            if frames:
                frames[-1].data.append(content)
        elif kind == b"fdAT" and frames:
            frames[-1].data.append((min(content[0] + _SEQUENCE_BYTES, content[1]), content[1]))
        elif kind in png.COLOURS and not has_pixels:
            shared.append((start, min(content[1] + 4, size)))
    parts: list[Part] = []
    for frame in frames:
        add_part(parts, _part(file, frame, header, shared), still.size_px[0] * still.size_px[1], "PNG")
    # A picture before the first frame is for programs that know no animations.
    return Reel(still.size_px, parts, announced, loops, still.exif) if parts else None


def _read(file: BinaryIO, span: tuple[int, int]) -> bytes:
    file.seek(span[0])
    return file.read(span[1] - span[0])


def _part(file: BinaryIO, frame: _Frame, header: bytes, shared: list[Piece]) -> Part:
    width, height, left, top, over, under, then, blend = struct.unpack(">4xIIIIHHBB", frame.control)

    def start() -> BinaryIO:
        data = b"".join(_read(file, span) for span in frame.data)
        head = chunk(b"IHDR", struct.pack(">II", width, height) + header[8:])
        return spliced(file, [(0, png.SIGNATURE_BYTES), head, *shared, chunk(b"IDAT", data) + chunk(b"IEND", b"")])

    return Part(
        start,
        (left, top, left + width, top + height),
        round(1000 * over / (under or 100)),
        is_over=blend == _OVER,
        then=_THEN.get(then, "keep"),
    )
