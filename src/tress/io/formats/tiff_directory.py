"""The directories of TIFF files, classic and big: read with limits, and written anew for one page."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from tress.io.formats.outline import refuse

# The widest directories, of camera raw files, have about a hundred entries.
_MAX_ENTRIES = 4096
_MAX_PAGES, _MAX_SUBDIRECTORIES = 500, 32
# As many strips as a picture of 100 megapixels may have rows.
_MAX_VALUES = 1 << 20
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_SUBDIRECTORIES = 330


@dataclass(frozen=True)
class Entry:
    """One entry: ``kind`` is its type; ``raw`` what stands in the place of its value; ``count`` how many it has."""

    kind: int
    count: int
    raw: bytes

    @property
    def length(self) -> int:
        """Bytes of all values."""
        return self.count * _WIDTHS.get(self.kind, 1)


@dataclass(frozen=True)
class Layout:
    """Byte order and widths: ``order`` is ``<`` or ``>``; ``big`` for files of 64 bits."""

    order: str
    big: bool

    @property
    def _format(self) -> tuple[str, str, int]:
        """Of the number of entries, of an entry, and the width of a value's place."""
        return (self.order + "Q", self.order + "HHQ8s", 8) if self.big else (self.order + "H", self.order + "HHI4s", 4)

    def head(self, at: int) -> bytes:
        """The start of a file whose first directory is at ``at``."""
        sign = b"II" if self.order == "<" else b"MM"
        if self.big:
            return sign + struct.pack(self.order + "HHHQ", 43, 8, 0, at)
        return sign + struct.pack(self.order + "HI", 42, at)

    def numbers(self, values: Sequence[int], at: int) -> tuple[Entry, bytes]:
        """An entry of whole numbers; and its values, to stand at ``at``, or none if they fit into the entry."""
        kind, code, width = (16, "Q", 8) if self.big else (4, "I", 4)
        packed = struct.pack(f"{self.order}{len(values)}{code}", *values)
        if len(packed) <= width:
            return Entry(kind, len(values), packed.ljust(width, b"\0")), b""
        return Entry(kind, len(values), struct.pack(self.order + code, at)), packed

    def offset(self, raw: bytes) -> int:
        """A place in the file."""
        return int.from_bytes(raw, "little" if self.order == "<" else "big")


class Directory:
    """One page of a TIFF file, as its entries say.

    Attributes:
        layout: of the file.
        entries: by tag; of several with one tag the first.
        following: where the next directory is; 0 for none.
    """

    def __init__(self, file: BinaryIO, layout: Layout, entries: dict[int, Entry], following: int) -> None:
        self.layout, self.entries, self.following = layout, entries, following
        self._file = file

    def value(self, tag: int) -> bytes:
        """The bytes of an entry's values; fewer where the file ends, none where there is no entry."""
        entry = self.entries.get(tag)
        if entry is None:
            return b""
        if entry.length <= len(entry.raw):
            return entry.raw[: entry.length]
        self._file.seek(self.layout.offset(entry.raw))
        return self._file.read(entry.length)

    def numbers(self, tag: int) -> tuple[int, ...]:
        """The whole numbers of an entry; none if it has other values or is not there.

        Raises:
            InputError: there are more than any picture needs.
        """
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in _INTEGERS:
            return ()
        if entry.count > _MAX_VALUES:
            refuse(f"the TIFF file lists {entry.count} numbers where a picture has few")
        code, value = _INTEGERS[entry.kind], self.value(tag)
        whole = len(value) // _WIDTHS[entry.kind]
        return struct.unpack(f"{self.layout.order}{whole}{code}", value[: whole * _WIDTHS[entry.kind]])

    def number(self, tag: int, default: int = 0) -> int:
        """The first whole number of an entry, or ``default``."""
        return next(iter(self.numbers(tag)), default)

    def moved(self, tag: int, layout: Layout, at: int) -> tuple[Entry, bytes]:
        """An entry of this directory for a file of another layout that holds all of this one.

        Args:
            tag: which.
            layout: of the other file, in the same byte order.
            at: where the values may stand that have no place yet.

        Returns:
            The entry; and its values, if they are to stand at ``at``.
        """
        entry = self.entries[tag]
        if _WIDTHS.get(entry.kind) == 8 and entry.kind in _INTEGERS:
            return layout.numbers(self.numbers(tag), at)
        place = self.layout.offset(entry.raw)
        width = 8 if layout.big else 4
        if entry.length <= width:
            return Entry(entry.kind, entry.count, entry.raw[:width].ljust(width, b"\0")), b""
        values = self.value(tag) if entry.length <= len(entry.raw) else b""
        raw = struct.pack(layout.order + ("Q" if layout.big else "I"), at if values else min(place, 0xFFFFFFFF))
        return Entry(entry.kind, entry.count, raw), values


def read_layout(head: bytes) -> tuple[Layout, int] | None:
    """Layout and place of the first directory, from the first 16 bytes of a file; None if they are not there."""
    order = "<" if head[:2] == b"II" else ">"
    try:
        if struct.unpack_from(order + "H", head, 2)[0] == 43:
            return Layout(order, True), struct.unpack_from(order + "Q", head, 8)[0]
        return Layout(order, False), struct.unpack_from(order + "I", head, 4)[0]
    except struct.error:
        return None


def read_directory(file: BinaryIO, layout: Layout, at: int, size: int) -> Directory | None:
    """The directory at a place of a file; None if it does not lie in it whole.

    Raises:
        InputError: it has more entries, or more in them, than any program writes.
    """
    count_format, entry_format, _ = layout._format
    if not 0 < at < size:
        return None
    file.seek(at)
    count_bytes = file.read(struct.calcsize(count_format))
    if len(count_bytes) < struct.calcsize(count_format):
        return None
    count = struct.unpack(count_format, count_bytes)[0]
    if count > _MAX_ENTRIES:
        refuse(f"the TIFF file has a directory of {count} entries")
    table = file.read(count * struct.calcsize(entry_format))
    if len(table) < count * struct.calcsize(entry_format):
        return None
    entries: dict[int, Entry] = {}
    for tag, kind, length, raw in struct.iter_unpack(entry_format, table):
        entries.setdefault(tag, Entry(kind, length, raw))
    pointer = file.read(8 if layout.big else 4)
    return Directory(file, layout, entries, layout.offset(pointer))


def pages(file: BinaryIO, layout: Layout, first: int, size: int) -> Iterator[tuple[Directory, bool]]:
    """The pages of a file in their order, each followed by those below it; and whether it is one of these.

    Raises:
        InputError: there are more than any program writes.
    """
    seen: set[int] = set()
    at = first
    while at and at not in seen:
        seen.add(at)
        if len(seen) > _MAX_PAGES:
            return
        page = read_directory(file, layout, at, size)
        if page is None:
            return
        yield page, False
        for below in page.numbers(_SUBDIRECTORIES)[:_MAX_SUBDIRECTORIES]:
            if below not in seen and (part := read_directory(file, layout, below, size)) is not None:
                seen.add(below)
                yield part, True
        at = page.following


def written(layout: Layout, entries: Mapping[int, Entry]) -> bytes:
    """The bytes of a directory with these entries and none after it.

    Values that do not fit into an entry stay where they are in the file.
    """
    count_format, entry_format, _ = layout._format
    table = b"".join(
        struct.pack(entry_format, tag, entry.kind, entry.count, entry.raw) for tag, entry in sorted(entries.items())
    )
    return struct.pack(count_format, len(entries)) + table + bytes(8 if layout.big else 4)
