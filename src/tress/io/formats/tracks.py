"""The first frame of AVIF and HEIC sequences: what their tracks announce, and where it lies."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from tress.io.formats.boxes import boxes_in, boxes_of_file
from tress.io.formats.outline import refuse

_MAX_MOOV_BYTES, _MAX_TRACKS = 64 << 20, 64
# What stands before the boxes of a sample entry for pictures (ISO/IEC 14496-12).
_ENTRY_BYTES = 78


@dataclass(frozen=True)
class Track:
    """A track of pictures.

    Attributes:
        announced_px: pixels of a frame, as the track says.
        entry_px: the same, as its sample entry says.
        configuration: kind and content of the boxes in the entry.
        first: start and end of the first frame in the file.
    """

    announced_px: int
    entry_px: int
    configuration: dict[bytes, bytes]
    first: tuple[int, int]


def read_tracks(file: BinaryIO) -> list[Track]:
    """The tracks of a file, as far as they can be read.

    Raises:
        InputError: ``picture_corrupt`` for more of them than any program writes.
    """
    size = file.seek(0, 2)
    for kind, start, end in boxes_of_file(file, size):
        if kind == b"moov" and end <= size:
            if end - start > _MAX_MOOV_BYTES:
                refuse("the file describes more pictures than it can hold")
            file.seek(start)
            return list(_tracks(file.read(end - start), size))
    return []


def _tracks(moov: bytes, size: int) -> Iterator[Track]:
    found = [content for kind, content in boxes_in(moov) if kind == b"trak"]
    if len(found) > _MAX_TRACKS:
        refuse(f"the file has {len(found)} tracks")
    for trak in found:
        try:
            yield _track(trak, size)
        except (KeyError, struct.error):
            continue


def _track(trak: bytes, size: int) -> Track:
    outer = dict(boxes_in(trak))
    # Fixed-point numbers of 16.16 at its end.
    width, height = struct.unpack(">II", outer[b"tkhd"][-8:])
    inner = outer[b"mdia"]
    for kind in (b"minf", b"stbl"):
        inner = dict(boxes_in(inner))[kind]
    table = dict(boxes_in(inner))
    _, entry = next(boxes_in(table[b"stsd"], 8), (b"", b""))
    entry_width, entry_height = struct.unpack_from(">HH", entry, 24)
    if b"stco" in table:
        start = struct.unpack_from(">I", table[b"stco"], 8)[0]
    else:
        start = struct.unpack_from(">Q", table[b"co64"], 8)[0]
    same, count = struct.unpack_from(">II", table[b"stsz"], 4)
    length = same or (struct.unpack_from(">I", table[b"stsz"], 12)[0] if count else 0)
    return Track(
        (width >> 16) * (height >> 16),
        entry_width * entry_height,
        dict(boxes_in(entry, _ENTRY_BYTES)),
        (start, min(size, start + length)),
    )
