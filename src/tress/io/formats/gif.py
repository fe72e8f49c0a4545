"""GIF files: the blocks up to the second frame; and of animations all frames."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Literal

from PIL import GifImagePlugin

from tress.io.formats.outline import Outline, refuse
from tress.io.formats.reel import Part, Reel, add_part
from tress.io.formats.spliced import Piece, spliced

_EXTENSION, _IMAGE, _TRAILER = b"!", b",", b";"
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPING = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
# Before the first frame and before the second, and then for every frame; programs write a handful.
_MAX_EXTENSION_BLOCKS, _MAX_BLOCKS_A_FRAME = 20_000, 20
_SCREEN_BYTES = 13
# What becomes of a frame's place before the next one.
_THEN: dict[int, Literal["clear", "restore"]] = {2: "clear", 3: "restore"}


@dataclass(frozen=True)
class _Frame:
    """A frame's place, its flags, and what was said before it: the block that controls it, or nothing."""

    left: int
    top: int
    width: int
    height: int
    flags: int
    control: bytes

    @property
    def box(self) -> tuple[int, int, int, int]:
        return self.left, self.top, self.left + self.width, self.top + self.height


class _Walk:
    """Reads blocks, and counts those of extensions."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.seen, self.most = 0, _MAX_EXTENSION_BLOCKS
        self.loops = 1

    def skip_blocks(self, *, counted: bool) -> list[bytes]:
        """Passes over a chain of data blocks up to its empty one, or the end of the file.

        Returns:
            The first two of them, of a chain that is counted.
        """
        first: list[bytes] = []
        while length := self.file.read(1):
            if length == b"\0":
                break
            if counted:
                self._count()
            if counted and len(first) < 2:
                first.append(self.file.read(length[0]))
            else:
                self.file.seek(length[0], 1)
        return first

    def next_frame(self) -> _Frame | None:
        """The next frame; None when there is none."""
        control = b""
        while kind := self.file.read(1):
            if kind == _TRAILER:
                return None
            if kind == _IMAGE:
                place = self.file.read(9)
                if len(place) < 9:
                    return None
                left, top, width, height, flags = struct.unpack("<HHHHB", place)
                return _Frame(left, top, width, height, flags, control)
            self._count()
            if kind == _EXTENSION:
                label = self.file.read(1)
                blocks = self.skip_blocks(counted=True)
                if label == bytes([_CONTROL]) and blocks and len(blocks[0]) == 4:
                    control = blocks[0]
                elif label == bytes([_APPLICATION]) and len(blocks) == 2 and blocks[0] in _LOOPING:
                    self.loops = int.from_bytes(blocks[1][1:3], "little")
        return None

    def skip_picture(self, frame: _Frame) -> None:
        """Passes over a frame's own palette and its pixels."""
        _skip_palette(self.file, frame.flags)
        self.file.seek(1, 1)
        self.skip_blocks(counted=False)
        self.most += _MAX_BLOCKS_A_FRAME

    def _count(self) -> None:
        self.seen += 1
        if self.seen > self.most:
            refuse(f"the GIF file has more than {self.most} blocks beside its pictures")


def outline(file: BinaryIO) -> Outline:
    """Canvas, place of the first frame, and whether there is a second.

    Raises:
        InputError: ``picture_corrupt`` for a file that is nothing but comments.
    """
    walk, first, size = _start(file)
    has_more = False
    if first is not None:
        walk.skip_picture(first)
        has_more = walk.next_frame() is not None
    file.seek(0)
    return Outline(
        lambda: GifImagePlugin.GifImageFile(file),
        size_px=size if first else None,
        has_more=has_more,
        covered=first.box if first and first.box != (0, 0, *size) else None,
    )


def reel(file: BinaryIO) -> Reel | None:
    """The frames of an animation; None if there is no second one.

    Raises:
        InputError: ``picture_corrupt`` for more blocks or frames than any program writes.
    """
    screen = file.read(_SCREEN_BYTES)
    end = file.seek(0, 2)
    file.seek(0)
    walk, frame, size = _start(file)
    parts: list[Part] = []
    while frame is not None:
        start = file.tell()
        walk.skip_picture(frame)
        add_part(parts, _part(file, frame, screen, (start, min(file.tell(), end))), size[0] * size[1], "GIF")
        frame = walk.next_frame()
    return Reel(size, parts, len(parts), walk.loops) if len(parts) > 1 else None


def _start(file: BinaryIO) -> tuple[_Walk, _Frame | None, tuple[int, int]]:
    """A walk that has read the first frame's place, that frame, and the canvas."""
    screen, walk = file.read(_SCREEN_BYTES), _Walk(file)
    if len(screen) < _SCREEN_BYTES:
        return walk, None, (0, 0)
    width, height, flags = struct.unpack("<HHB", screen[6:11])
    _skip_palette(file, flags)
    first = walk.next_frame()
    if first is not None:
        # As decoders do: a canvas that is too small grows.
        width, height = max(width, first.box[2]), max(height, first.box[3])
    return walk, first, (width, height)


def _part(file: BinaryIO, frame: _Frame, screen: bytes, pixels: Piece) -> Part:
    flags, delay = struct.unpack("<BHx", frame.control) if frame.control else (0, 0)
    head = b"GIF89a" + struct.pack("<HH", frame.width, frame.height) + screen[10:]
    control = b"!" + bytes([_CONTROL, 4]) + frame.control + b"\0" if frame.control else b""
    place = _IMAGE + struct.pack("<HHHHB", 0, 0, frame.width, frame.height, frame.flags)
    palette = (_SCREEN_BYTES, _SCREEN_BYTES + _palette_bytes(screen[10]))
    pieces: list[Piece] = [head, palette, control + place, pixels, _TRAILER]
    return Part(
        (lambda: spliced(file, pieces)) if frame.width and frame.height else None,
        frame.box,
        10 * delay,
        then=_THEN.get(flags >> 2 & 7, "keep"),
    )


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip_palette(file: BinaryIO, flags: int) -> None:
    file.seek(_palette_bytes(flags), 1)
