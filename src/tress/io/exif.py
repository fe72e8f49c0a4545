"""The few things tress needs from EXIF and XMP: orientation, resolution, and blocks that are safe to copy.

The bytes are patched in place and never re-serialised: maker notes hold absolute offsets that a rewrite would break.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_PREFIX = b"Exif\0\0"
_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 0x0112, 0x011A, 0x011B, 0x0128
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202
# Directories of EXIF and of DCF, and what they say of colours.
PHOTO, INTEROPERABILITY, COLOUR_SPACE, INTEROPERABILITY_INDEX = 0x8769, 0xA005, 0xA001, 0x0001
# Of the colour space: what the standard knows, and what some programs write.
_SRGB, ADOBE_RGB, _UNCALIBRATED = 1, 2, 0xFFFF
# DCF, by which cameras tell the two they know.
_DCF_SRGB, _DCF_ADOBE_RGB = b"R98\0", b"R03\0"
_ASCII, _SHORT, _RATIONAL = 2, 3, 5
_RAW_HEAD = re.compile(rb"\s{0,9}\w{1,20}\s{1,9}\d{1,9}\s")
# Description, maker, model, software, date, artist, copyright: text that means the same in every container.
DESCRIPTIVE = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298)


@dataclass(frozen=True)
class Metadata:
    """What a picture carries beside its pixels.

    Attributes:
        exif: a TIFF-structured EXIF block without the ``Exif`` prefix, orientation 1, colours said to be sRGB, embedded
            thumbnail blanked; or None.
        xmp: an XMP packet, orientation 1, thumbnails removed; or None.
    """

    exif: bytes | None = None
    xmp: bytes | None = None


@dataclass(frozen=True)
class _Entry:
    tag: int
    kind: int
    length: int
    value_at: int
    value: int


def bare(exif: bytes | None) -> bytes | None:
    """EXIF without the prefix that JPEG and some WebP files put before it; None if it is no EXIF at all."""
    if not exif:
        return None
    exif = exif.removeprefix(_PREFIX)
    return exif if exif[:4] in (b"II*\0", b"MM\0*") else None


def from_raw_profile(text: bytes) -> bytes | None:
    """The content of a text that ImageMagick puts into PNG files: name, length, and hexadecimal digits in lines."""
    head = _RAW_HEAD.match(text)
    if head is None:
        return None
    try:
        return bytes.fromhex(text[head.end() :].decode("ascii"))
    except ValueError:
        return None


def orientation(exif: bytes | None) -> int:
    """The EXIF orientation, 1 to 8; 1 when there is none or it cannot be understood."""
    for entry in _entries(exif, 0):
        if entry.tag == _ORIENTATION and 1 <= entry.value <= 8:
            return entry.value
    return 1


def is_adobe_rgb(exif: bytes | None) -> bool:
    """Whether a camera says that its colours are Adobe RGB."""
    space, dcf = _colour_marks(exif)
    mark = exif[dcf.value_at : dcf.value_at + len(_DCF_ADOBE_RGB)] if exif and dcf else b""
    return mean_adobe_rgb(space.value if space else 0, mark)


def mean_adobe_rgb(space: int, dcf: bytes) -> bool:
    """Whether the values of ``ColorSpace`` and ``InteroperabilityIndex`` mean Adobe RGB."""
    return space == ADOBE_RGB or (space == _UNCALIBRATED and dcf == _DCF_ADOBE_RGB)


def _colour_marks(exif: bytes | None) -> tuple[_Entry | None, _Entry | None]:
    """Where a camera says which colours it wrote: the colour space, and the mark of DCF."""
    first = {entry.tag: entry.value for entry in _entries(exif, 0)}
    photo = {entry.tag: entry for entry in _entries_at(exif, first.get(PHOTO))}
    link = photo.get(INTEROPERABILITY)
    marks = {entry.tag: entry for entry in _entries_at(exif, link.value if link else None)}
    return photo.get(COLOUR_SPACE), marks.get(INTEROPERABILITY_INDEX)


def dpi(exif: bytes | None) -> tuple[float, float] | None:
    """Horizontal and vertical resolution in dots per inch, or None."""
    found = {entry.tag: entry.value for entry in _entries(exif, 0)}
    if exif is None or not {_X_RESOLUTION, _Y_RESOLUTION} <= found.keys():
        return None
    per_inch = {2: 1.0, 3: 2.54}.get(found.get(_RESOLUTION_UNIT, 2))
    values = []
    for tag in (_X_RESOLUTION, _Y_RESOLUTION):
        try:
            over, under = struct.unpack_from(_order(exif) + "II", exif, found[tag])
        except struct.error:
            return None
        values.append(over / under if under else math.nan)
    return sane_dpi((values[0] * per_inch, values[1] * per_inch)) if per_inch else None


def sane_dpi(value: object) -> tuple[float, float] | None:
    """``value`` as two floats if it can be a resolution; files often hold 0, 1 or nonsense instead."""
    try:
        x, y = (float(v) for v in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if 1 < x < 1e5 and 1 < y < 1e5 else None


def descriptive_tags(exif: bytes | None) -> dict[int, str]:
    """The texts of the ``DESCRIPTIVE`` tags."""
    found = {}
    for entry in _entries(exif, 0):
        if exif is not None and entry.tag in DESCRIPTIVE and entry.kind == _ASCII:
            start = entry.value if entry.length > 4 else entry.value_at
            text = exif[start : start + entry.length].split(b"\0")[0].decode("utf-8", "replace").strip()
            if text:
                found[entry.tag] = text
    return found


def from_descriptive_tags(tags: Mapping[int, object]) -> bytes | None:
    """An EXIF block of the ``DESCRIPTIVE`` tags among ``tags``; None if there are none."""
    texts = [(tag, text.encode() + b"\0") for tag in DESCRIPTIVE if isinstance(text := tags.get(tag), str) and text]
    if not texts:
        return None
    entries, values, at = b"", b"", 8 + 2 + 12 * len(texts) + 4
    for tag, text in texts:
        entries += struct.pack("<HHI", tag, _ASCII, len(text))
        if len(text) <= 4:
            entries += text.ljust(4, b"\0")
        else:
            entries += struct.pack("<I", at + len(values))
            values += text
    return b"II*\0" + struct.pack("<IH", 8, len(texts)) + entries + bytes(4) + values


def upright_exif(exif: bytes | None) -> bytes | None:
    """A copy for an upright picture in sRGB: the thumbnail's bytes, which show the old picture, are blanked."""
    if exif is None:
        return None
    order, patched = _order(exif), bytearray(exif)
    for directory in (0, 1):
        for entry in _entries(exif, directory):
            # By the standard it is a short, but some programs write a long, and it is read as one.
            if entry.tag == _ORIENTATION and (entry.kind == _SHORT or 1 <= entry.value <= 8):
                struct.pack_into(order + ("H" if entry.kind == _SHORT else "I"), patched, entry.value_at, 1)
    space, dcf = _colour_marks(exif)
    if space is not None:
        struct.pack_into(order + ("H" if space.kind == _SHORT else "I"), patched, space.value_at, _SRGB)
    if dcf is not None and dcf.length == len(_DCF_SRGB):
        patched[dcf.value_at : dcf.value_at + len(_DCF_SRGB)] = _DCF_SRGB
    second = {entry.tag: entry.value for entry in _entries(exif, 1)}
    start, length = second.get(_THUMBNAIL_OFFSET), second.get(_THUMBNAIL_LENGTH)
    if start is not None and length is not None and start < len(patched):
        length = min(length, len(patched) - start)
        patched[start : start + length] = bytes(length)
    if (link := _next_directory_at(exif)) is not None:
        struct.pack_into(order + "I", patched, link, 0)
    return bytes(patched)


def upright_xmp(xmp: bytes | str | None) -> bytes | None:
    """A copy for an upright picture: orientation 1, embedded thumbnails removed."""
    if not xmp:
        return None
    packet = xmp.encode() if isinstance(xmp, str) else bytes(xmp)
    packet = re.sub(rb'(tiff:Orientation\s*=\s*["\'])\d+(["\'])', rb"\g<1>1\g<2>", packet)
    packet = re.sub(rb"(<tiff:Orientation>\s*)\d+(\s*</tiff:Orientation>)", rb"\g<1>1\g<2>", packet)
    for name in (b"xmp:Thumbnails", b"xap:Thumbnails"):
        packet = _without_elements(packet, name)
    return re.sub(rb"(?s)(xmpGImg:image\s*=\s*)(\"[^\"]*\"|'[^']*')", rb'\1""', packet)


def _without_elements(packet: bytes, name: bytes) -> bytes:
    """A packet of XML without the elements of this name; one that never ends is cut off with all that follows."""
    kept, at = [], 0
    opening, closing = re.compile(rb"<" + name + rb"(?=[\s>])"), b"</" + name + b">"
    while start := opening.search(packet, at):
        kept.append(packet[at : start.start()])
        tag_end = packet.find(b">", start.end())
        if packet[tag_end - 1 : tag_end] == b"/":
            at = tag_end + 1
            continue
        end = packet.find(closing, start.end())
        at = end + len(closing) if end >= 0 else len(packet)
    return b"".join([*kept, packet[at:]])


def _order(exif: bytes) -> str:
    return "<" if exif[:2] == b"II" else ">"


def _directory_at(exif: bytes, index: int) -> int | None:
    try:
        at = struct.unpack_from(_order(exif) + "I", exif, 4)[0]
        for _ in range(index):
            count = struct.unpack_from(_order(exif) + "H", exif, at)[0]
            at = struct.unpack_from(_order(exif) + "I", exif, at + 2 + 12 * count)[0]
    except struct.error:
        return None
    return at or None


def _next_directory_at(exif: bytes) -> int | None:
    at = _directory_at(exif, 0)
    if at is None or at + 2 > len(exif):
        return None
    link = at + 2 + 12 * struct.unpack_from(_order(exif) + "H", exif, at)[0]
    return link if link + 4 <= len(exif) else None


def _entries(exif: bytes | None, index: int) -> Iterator[_Entry]:
    """The entries of one of the directories that follow each other."""
    return _entries_at(exif, None if exif is None else _directory_at(exif, index))


def _entries_at(exif: bytes | None, at: int | None) -> Iterator[_Entry]:
    """The entries of a directory, as far as they can be read; offsets instead of values that do not fit."""
    if exif is None or at is None or at + 2 > len(exif):
        return
    order = _order(exif)
    count = struct.unpack_from(order + "H", exif, at)[0]
    for position in range(at + 2, min(at + 2 + 12 * count, len(exif) - 11), 12):
        tag, kind, length = struct.unpack_from(order + "HHI", exif, position)
        short = kind == _SHORT and length == 1
        value = struct.unpack_from(order + ("H" if short else "I"), exif, position + 8)[0]
        yield _Entry(tag, kind, length, position + 8, value)


def with_resolution(exif: bytes | None, dpi: tuple[float, float]) -> bytes:
    """A block that says this resolution: a minimal one, or a copy of another.

    In a copy the first directory moves to the end, with these entries in it; all offsets in the block stay right.
    """
    block = exif if exif and _directory_at(exif, 0) else b"II*\0\x08\0\0\0" + bytes(6)
    order = _order(block)
    own = {entry.tag: block[entry.value_at - 8 : entry.value_at + 4] for entry in _entries(block, 0)}
    link = _next_directory_at(block)
    following = block[link : link + 4] if link is not None else bytes(4)
    values_at = len(block) + len(block) % 2
    values = b"".join(struct.pack(order + "II", round(value * 100), 100) for value in dpi)
    for number, tag in enumerate((_X_RESOLUTION, _Y_RESOLUTION)):
        own[tag] = struct.pack(order + "HHII", tag, _RATIONAL, 1, values_at + 8 * number)
    own[_RESOLUTION_UNIT] = struct.pack(order + "HHIHH", _RESOLUTION_UNIT, _SHORT, 1, 2, 0)
    directory = struct.pack(order + "H", len(own)) + b"".join(own[tag] for tag in sorted(own)) + following
    head = block[:4] + struct.pack(order + "I", values_at + len(values))
    return head + block[8:].ljust(values_at - 8, b"\0") + values + directory
