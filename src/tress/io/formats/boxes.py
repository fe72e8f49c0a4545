"""The boxes of AVIF and HEIC files (ISO/IEC 14496-12 and 23008-12): which pictures there are, what is said of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from tress.io.formats.outline import refuse

# Large pictures are put together of some hundred tiles, each an item of its own.
_MAX_ITEMS = 10_000
_MAX_BOXES = 100_000
_MAX_META_BYTES = 64 << 20


@dataclass
class Item:
    """A picture, a tile of one, or metadata.

    Attributes:
        kind: ``av01``, ``hvc1``, ``grid``, ``Exif``, ...
        properties: kind and content of its property boxes, in their order.
        extents: start and end of its parts in the file.
        inside: they count from the start of the box ``idat`` instead.
        parts: the items it is made of, in their order.
        helpers: items that describe it: its alpha, its metadata.
    """

    kind: bytes = b""
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    extents: list[tuple[int, int]] = field(default_factory=list)
    inside: bool = False
    parts: list[int] = field(default_factory=list)
    helpers: list[int] = field(default_factory=list)

    def property(self, kind: bytes) -> bytes | None:
        """The content of its first property of this kind."""
        return next((content for name, content in self.properties if name == kind), None)


@dataclass
class Items:
    """All items of a file; ``primary`` is the number of the one to show, ``described`` how often metadata is used."""

    by_number: dict[int, Item] = field(default_factory=dict)
    primary: int = 0
    described: list[tuple[int, int]] = field(default_factory=list)
    idat: bytes = b""

    def get(self, number: int) -> Item:
        """The item; one without a kind where there is none."""
        return self.by_number.get(number, Item())


def read_items(file: BinaryIO) -> Items | None:
    """Reads the description of a file's items.

    Returns:
        None if there is no whole one.

    Raises:
        InputError: ``picture_corrupt`` for more of them than any program writes.
    """
    size = file.seek(0, 2)
    for kind, start, end in boxes_of_file(file, size):
        if kind != b"meta" or end > size:
            continue
        if end - start > _MAX_META_BYTES:
            refuse("the file describes more pictures than it can hold")
        file.seek(start)
        try:
            return _items(file.read(end - start)[4:], size)
        except (struct.error, IndexError):
            return None
    return None


def end_of_boxes(file: BinaryIO, size: int) -> int:
    """Where the last top-level box says it ends."""
    return max((end for _, _, end in boxes_of_file(file, size)), default=8)


def boxes_of_file(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of content of every top-level box."""
    position = 0
    for _ in range(_MAX_BOXES):
        if position >= size:
            return
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            yield b"", position, position + 8
            return
        length, kind = struct.unpack(">I4s", header[:8])
        head = 8
        if length == 1 and len(header) == 16:
            length, head = struct.unpack(">Q", header[8:])[0], 16
        elif length == 0:
            length = size - position
        if length < head:
            return
        yield kind, position + head, position + length
        position += length
    refuse(f"the file has more than {_MAX_BOXES} boxes")


def boxes_in(data: bytes, at: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of the boxes inside another."""
    for _ in range(_MAX_BOXES):
        if at + 8 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if length == 1:
            length, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        elif length == 0:
            length = len(data) - at
        if length < head:
            return
        yield kind, data[at + head : at + length]
        at += length
    refuse(f"the file has more than {_MAX_BOXES} boxes")


def _items(meta: bytes, size: int) -> Items:
    items = Items()
    inner = dict(reversed(list(boxes_in(meta))))
    items.idat = inner.get(b"idat", b"")
    if primary := inner.get(b"pitm"):
        items.primary = int.from_bytes(primary[4 : 6 if primary[0] == 0 else 8], "big")
    if kinds := inner.get(b"iinf"):
        _read_kinds(items, kinds)
    if places := inner.get(b"iloc"):
        _read_places(items, places, size)
    if links := inner.get(b"iref"):
        _read_links(items, links)
    if properties := inner.get(b"iprp"):
        _read_properties(items, properties)
    return items


def _read_kinds(items: Items, box: bytes) -> None:
    for kind, content in boxes_in(box, 6 if box[0] == 0 else 8):
        if kind != b"infe" or len(content) < 12 or content[0] < 2:
            continue
        wide = content[0] > 2
        number = int.from_bytes(content[4 : 8 if wide else 6], "big")
        at = 10 if wide else 8
        items.by_number[number] = Item(kind=content[at : at + 4])
        if len(items.by_number) > _MAX_ITEMS:
            refuse(f"the file has more than {_MAX_ITEMS} items")


class _Fields:
    """Reads whole numbers of several widths, one after the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def take(self, width: int) -> int:
        self.at += width
        if self.at > len(self.data):
            raise IndexError("the box ends too early")
        return int.from_bytes(self.data[self.at - width : self.at], "big")


def _read_places(items: Items, box: bytes, size: int) -> None:
    version = box[0]
    offset_bytes, length_bytes, base_bytes = box[4] >> 4, box[4] & 15, box[5] >> 4
    index_bytes = box[5] & 15 if version else 0
    fields = _Fields(box, 6)
    number_bytes = 4 if version == 2 else 2
    for _ in range(fields.take(number_bytes)):
        item = items.by_number.setdefault(fields.take(number_bytes), Item())
        method = fields.take(2) & 15 if version else 0
        fields.take(2)
        base = fields.take(base_bytes)
        item.inside = method == 1
        total = 0
        for _ in range(fields.take(2)):
            fields.take(index_bytes)
            start = base + fields.take(offset_bytes)
            length = fields.take(length_bytes)
            # What a torn file lacks does not count.
            end = min(size, start + length) if length else size
            item.extents.append((start, max(start, end)))
            total += max(0, end - start)
        if method > 1 or total > size or len(items.by_number) > _MAX_ITEMS:
            refuse("the file says that it holds more than it does")


def _read_links(items: Items, box: bytes) -> None:
    width, links = 4 if box[0] else 2, 0
    for kind, content in boxes_in(box, 4):
        fields = _Fields(content, 0)
        source = fields.take(width)
        targets = [fields.take(width) for _ in range(fields.take(2))]
        links += len(targets)
        if links > _MAX_BOXES:
            refuse(f"the file links more than {_MAX_BOXES} items")
        if kind == b"dimg":
            items.get(source).parts.extend(targets)
        elif kind == b"auxl":
            for target in targets:
                items.get(target).helpers.append(source)
        elif kind == b"cdsc":
            items.described.extend((source, target) for target in targets)


def _read_properties(items: Items, box: bytes) -> None:
    inner = list(boxes_in(box))
    known = [entry for kind, content in inner if kind == b"ipco" for entry in boxes_in(content)]
    given = 0
    for content in (content for kind, content in inner if kind == b"ipma"):
        is_wide = content[3] & 1
        fields = _Fields(content, 4)
        for _ in range(fields.take(4)):
            item = items.get(fields.take(4 if content[0] else 2))
            for _ in range(fields.take(1)):
                index = fields.take(2) & 0x7FFF if is_wide else fields.take(1) & 0x7F
                if 0 < index <= len(known):
                    item.properties.append(known[index - 1])
                    given += 1
            if given > _MAX_BOXES:
                refuse("the file describes more pictures than it can hold")
