"""WebP files: the canvas, for which their decoder takes memory before it tells it, and what the first frame covers; of
animations the frames, each as a WebP file of its own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from PIL import WebPImagePlugin

from tress.io.exif import bare
from tress.io.formats.outline import Outline, refuse
from tress.io.formats.reel import MAX_FRAMES, Part, Reel, add_part
from tress.io.formats.spliced import Piece, spliced

# Of the whole file, and of a frame.
_ANIMATED, _WITH_PROFILE, _WITH_ALPHA = 2, 32, 16
_THEN_CLEAR, _REPLACES = 1, 2
# Profile, settings and metadata come before the first frame or after the last.
_MAX_CHUNKS = 100
_FRAME_BYTES = 16
_MAX_EXIF_BYTES = 16 << 20


def outline(file: BinaryIO) -> Outline:
    """Canvas, and place of the first frame of an animation."""
    head = file.read(30)
    size = _canvas(head)
    covered = _first_frame(file) if _is_animated(head) else None
    file.seek(0)
    return Outline(
        lambda: WebPImagePlugin.WebPImageFile(file),
        size_px=size,
        covered=covered if size and covered != (0, 0, *size) else None,
    )


def reel(file: BinaryIO) -> Reel | None:
    """The frames of an animation; None if there is no second one.

    Raises:
        InputError: ``picture_corrupt`` for more chunks or frames than any program writes.
    """
    head = file.read(30)
    size = _canvas(head)
    if not _is_animated(head) or size is None:
        return None
    end, loops, exif, profile = file.seek(0, 2), 0, None, None
    parts: list[Part] = []
    for number, (kind, start, stop) in enumerate(_chunks(file, 12, end)):
        if number > _MAX_CHUNKS + MAX_FRAMES:
            refuse("the WebP file has more chunks than any program writes")
        file.seek(start)
        if kind == b"ANIM":
            loops = int.from_bytes(file.read(6)[4:], "little")
        elif kind == b"ICCP" and profile is None:
            profile = (start - 8, stop + (stop - start) % 2)
        elif kind == b"EXIF" and stop - start <= _MAX_EXIF_BYTES:
            exif = bare(file.read(stop - start))
        elif kind == b"ANMF" and min(stop, end) - start > _FRAME_BYTES:
            add_part(parts, _part(file, (start, min(stop, end)), profile), size[0] * size[1], "WebP")
    is_torn = 8 + int.from_bytes(head[4:8], "little") > end
    return Reel(size, parts, len(parts) + is_torn, loops, exif) if len(parts) > 1 else None


def _part(file: BinaryIO, span: tuple[int, int], profile: Piece | None) -> Part:
    file.seek(span[0])
    settings = file.read(_FRAME_BYTES)
    box = _box(settings)
    width, height = box[2] - box[0], box[3] - box[1]

    def start() -> BinaryIO:
        pixels: list[Piece] = []
        flags = _WITH_PROFILE if profile else 0
        for kind, begin, stop in _chunks(file, span[0] + _FRAME_BYTES, span[1]):
            if kind in (b"ALPH", b"VP8 ", b"VP8L"):
                pixels.append((begin - 8, min(stop + (stop - begin) % 2, span[1])))
                flags |= 0 if kind == b"VP8 " else _WITH_ALPHA
            if kind in (b"VP8 ", b"VP8L"):
                break
        canvas = b"".join((side - 1).to_bytes(3, "little") for side in (width, height))
        extended = b"VP8X" + struct.pack("<IB3x", 10, flags) + canvas
        pieces = [extended, *([profile] if profile else []), *pixels]
        length = 4 + sum(len(piece) if isinstance(piece, bytes) else piece[1] - piece[0] for piece in pieces)
        return spliced(file, [b"RIFF" + struct.pack("<I", length) + b"WEBP", *pieces])

    return Part(
        start,
        box,
        int.from_bytes(settings[12:15], "little"),
        is_over=not settings[15] & _REPLACES,
        then="clear" if settings[15] & _THEN_CLEAR else "keep",
    )


def _is_animated(head: bytes) -> bool:
    return head[12:16] == b"VP8X" and len(head) > 20 and bool(head[20] & _ANIMATED)


def _chunks(file: BinaryIO, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of content of every chunk."""
    while position + 8 <= end:
        file.seek(position)
        kind, length = struct.unpack("<4sI", file.read(8))
        yield kind, position + 8, position + 8 + length
        position += 8 + length + length % 2


def _first_frame(file: BinaryIO) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom; None if there is no frame."""
    for number, (kind, start, _) in enumerate(_chunks(file, 12, file.seek(0, 2))):
        if kind == b"ANMF":
            file.seek(start)
            return _box(file.read(_FRAME_BYTES))
        if number == _MAX_CHUNKS:
            break
    return None


def _box(frame: bytes) -> tuple[int, int, int, int]:
    left, top, width, height = (int.from_bytes(frame[i : i + 3], "little") for i in range(0, 12, 3))
    # Places are even, sizes at least 1: each is stored so that no number is wasted.
    return 2 * left, 2 * top, 2 * left + width + 1, 2 * top + height + 1


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
