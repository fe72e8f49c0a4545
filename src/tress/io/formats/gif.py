"""GIF files: the blocks up to the second frame."""

from __future__ import annotations

import struct
from typing import BinaryIO

from PIL import GifImagePlugin

from tress.io.formats.outline import Outline, refuse

_EXTENSION, _IMAGE, _TRAILER = b"!", b",", b";"
# Before the first frame and before the second; programs write a handful.
_MAX_EXTENSION_BLOCKS = 20_000


class _Walk:
    """Reads blocks, and counts those of extensions."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.seen = 0

    def skip_blocks(self, *, counted: bool) -> None:
        """Passes over a chain of data blocks up to its empty one, or the end of the file."""
        while length := self.file.read(1):
            if length == b"\0":
                return
            self.seen += counted
            if self.seen > _MAX_EXTENSION_BLOCKS:
                refuse(f"the GIF file has more than {_MAX_EXTENSION_BLOCKS} blocks beside its pictures")
            self.file.seek(length[0], 1)

    def next_frame(self) -> tuple[int, int, int, int, int] | None:
        """Left, top, width, height and flags of the next frame; None when there is none."""
        while kind := self.file.read(1):
            if kind == _TRAILER:
                return None
            if kind == _IMAGE:
                frame = self.file.read(9)
                return struct.unpack("<HHHHB", frame) if len(frame) == 9 else None
            self.seen += 1
            if self.seen > _MAX_EXTENSION_BLOCKS:
                refuse(f"the GIF file has more than {_MAX_EXTENSION_BLOCKS} blocks beside its pictures")
            if kind == _EXTENSION:
                self.file.seek(1, 1)
                self.skip_blocks(counted=True)
        return None


def outline(file: BinaryIO) -> Outline:
    """Canvas, place of the first frame, and whether there is a second.

    Raises:
        InputError: ``picture_corrupt`` for a file that is nothing but comments.
    """
    screen = file.read(13)
    walk = _Walk(file)
    if len(screen) < 13:
        file.seek(0)
        return Outline(lambda: GifImagePlugin.GifImageFile(file))
    width, height, flags = struct.unpack("<HHB", screen[6:11])
    _skip_palette(file, flags)
    first = walk.next_frame()
    covered, has_more = None, False
    if first is not None:
        left, top, frame_width, frame_height, flags = first
        # As decoders do: a canvas that is too small grows.
        width, height = max(width, left + frame_width), max(height, top + frame_height)
        covered = (left, top, left + frame_width, top + frame_height)
        _skip_palette(file, flags)
        file.seek(1, 1)
        walk.skip_blocks(counted=False)
        has_more = walk.next_frame() is not None
    file.seek(0)
    return Outline(
        lambda: GifImagePlugin.GifImageFile(file),
        size_px=(width, height) if first else None,
        has_more=has_more,
        covered=None if covered == (0, 0, width, height) else covered,
    )


def _skip_palette(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        file.seek(3 << ((flags & 7) + 1), 1)
