"""What the first bytes of a file say: its format, and after a failure, what is wrong with it."""

from __future__ import annotations

import os
import re
import struct
from typing import BinaryIO

from tress.errors import InputError

HEAD_BYTES = 4096
# What begins a segment with a length in a JPEG, or ends the picture.  0xFF before another byte is data, filling, a
# restart or a code that decoders do not take for a segment.
_JPEG_MARKER = re.compile(rb"\xff([\xc0-\xcf\xd9-\xfe])")
_JPEG_SCAN, _JPEG_END = 0xDA, 0xD9
# A scan costs a pass over all pixels, however few bytes it has; encoders write about ten.
_MAX_JPEG_SCANS, _MAX_JPEG_SEGMENTS = 100, 10_000
# One search holds up the program's other threads.
_SEARCH_BYTES = 1 << 16
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
_STARTS = {
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "gif": (b"GIF87a", b"GIF89a"),
    "bmp": (b"BM",),
}
_UNSUPPORTED = (
    (re.compile(rb"%PDF-"), "PDF"),
    (re.compile(rb"8BPS"), "Photoshop"),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "), "JPEG XL"),
    (re.compile(rb"\0\0\0\x0cjP|\xff\x4f\xff\x51"), "JPEG 2000"),
    (re.compile(rb"\0\0\x01\0"), "ICO"),
    (re.compile(rb"(?s)[\xef\xbb\xbf\s]*(<\?xml.{0,1000})?<svg"), "SVG"),
    (re.compile(rb"(?s)....ftyp"), "video"),
    (re.compile(rb"\x1aE\xdf\xa3"), "video"),
    (re.compile(rb"FUJIFILMCCD-RAW|IIRO|IIU\0"), "camera raw"),
)


def identify(head: bytes) -> str:
    """The format that a file's first bytes announce, whatever the file is called.

    Args:
        head: the first ``HEAD_BYTES`` bytes, or all there are.

    Returns:
        ``jpeg``, ``png``, ``webp``, ``tiff``, ``bmp``, ``gif``, ``avif`` or ``heic``.

    Raises:
        InputError: ``file_empty``, ``picture_unsupported`` (known, but not read by tress) or ``not_a_picture``.
    """
    if not head:
        raise InputError("file_empty", "the file is empty", hint="check that it was copied or downloaded completely")
    if (known := _supported(head)) is not None:
        return known
    for pattern, name in _UNSUPPORTED:
        if pattern.match(head):
            raise InputError(
                "picture_unsupported", f"{name} files are not supported", hint="convert it to PNG, JPEG or TIFF first"
            )
    raise InputError(
        "not_a_picture",
        "this is not a picture that tress knows",
        hint="JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF and HEIC are supported",
    )


def _supported(head: bytes) -> str | None:
    for kind, starts in _STARTS.items():
        if head.startswith(starts):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        brands = {head[8:12]} | {head[i : i + 4] for i in range(16, min(_u32(head), len(head)) - 3, 4)}
        if brands & {b"avif", b"avis"}:
            return "avif"
        if brands.intersection(_HEIC_BRANDS):
            return "heic"
    return None


def webp_canvas(head: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP file; its decoder takes memory for them before it tells them."""
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


def check_jpeg_scans(data: bytes) -> None:
    """Walks through the first picture in a JPEG file, without decoding pixels; damage ends the walk.

    Args:
        data: the whole file.

    Raises:
        InputError: ``picture_corrupt``: it has more than 100 scans, or more than 10,000 segments.
    """
    scans, position = 0, 2
    for _ in range(_MAX_JPEG_SEGMENTS):
        marker = _next_marker(data, position)
        if marker is None or marker[1][0] == _JPEG_END:
            return
        scans += marker[1][0] == _JPEG_SCAN
        if scans > _MAX_JPEG_SCANS:
            break
        position = marker.end() + max(2, int.from_bytes(data[marker.end() : marker.end() + 2], "big"))
    raise InputError(
        "picture_corrupt",
        f"the JPEG file has more than {_MAX_JPEG_SCANS} scans or {_MAX_JPEG_SEGMENTS} segments",
        hint="open it in another program and save it again",
    )


def _next_marker(data: bytes, position: int) -> re.Match[bytes] | None:
    for start in range(position, len(data), _SEARCH_BYTES):
        if marker := _JPEG_MARKER.search(data, start, start + _SEARCH_BYTES + 1):
            return marker
    return None


def is_zero_sized(head: bytes, kind: str) -> bool:
    """True when the header itself announces a width or height of zero."""
    where = {"png": (">II", 16), "gif": ("<HH", 6), "bmp": ("<ii", 18)}
    if kind == "jpeg":
        frame = re.search(rb"(?s)\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]\x00.\x08(....)", head)
        return frame is not None and 0 in struct.unpack(">HH", frame[1])
    if kind not in where:
        return False
    layout, offset = where[kind]
    field = head[offset : offset + struct.calcsize(layout)]
    return len(field) == struct.calcsize(layout) and 0 in struct.unpack(layout, field)


def is_cut_short(file: BinaryIO, kind: str) -> bool:
    """After a decoder failed: does the file end before its container says it does?"""
    size = file.seek(0, os.SEEK_END)
    if kind == "tiff":
        return _tiff_reaches_beyond(file, size)
    if kind in ("avif", "heic"):
        return _boxes_end(file, size) > size
    file.seek(max(0, size - 64))
    # Some cameras and downloads pad with zeros after the end marker.
    tail = file.read(64).rstrip(b"\0")
    file.seek(0)
    head = file.read(64)
    announced = {"webp": ("<I", 4, 8), "bmp": ("<I", 2, 0)}
    if kind in announced:
        layout, offset, extra = announced[kind]
        return len(head) < 26 or size < extra + struct.unpack_from(layout, head, offset)[0]
    if kind == "gif":
        return not tail.endswith(b";")
    return {"jpeg": b"\xff\xd9", "png": b"IEND"}[kind] not in tail[-16:]


def _boxes_end(file: BinaryIO, size: int) -> int:
    """Where the last top-level box of an ISO media file says it ends."""
    position = 0
    while position < size:
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            return position + 8
        length = _u32(header)
        if length == 1 and len(header) == 16:
            length = struct.unpack(">Q", header[8:16])[0]
        elif length == 0:
            return size
        if length < 8:
            return size
        position += length
    return position


def _tiff_reaches_beyond(file: BinaryIO, size: int) -> bool:
    """Does the first directory, or the data it points at, lie beyond the end of a classic TIFF?"""
    file.seek(0)
    header = file.read(8)
    if len(header) < 8:
        return True
    order = "<" if header[:2] == b"II" else ">"
    start = struct.unpack(order + "I", header[4:])[0]
    file.seek(start)
    count_field = file.read(2)
    if len(count_field) < 2:
        return True
    count = struct.unpack(order + "H", count_field)[0]
    entries = file.read(12 * count)
    if len(entries) < 12 * count:
        return True
    widths = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 12: 8}
    arrays: dict[int, tuple[int, ...]] = {}
    for i in range(count):
        tag, kind, length, offset = struct.unpack(order + "HHII", entries[12 * i : 12 * i + 12])
        if length * widths.get(kind, 1) > 4 and offset + length * widths.get(kind, 1) > size:
            return True
        if tag in (273, 279, 324, 325) and length == 1:
            value = struct.unpack_from(order + ("H" if kind == 3 else "I"), entries, 12 * i + 8)[0]
            arrays[tag] = (value,)
        elif tag in (273, 279, 324, 325) and kind in (3, 4) and length <= 1 << 20:
            file.seek(offset)
            layout = f"{order}{length}{'H' if kind == 3 else 'I'}"
            arrays[tag] = struct.unpack(layout, file.read(struct.calcsize(layout)))
    for offsets, lengths in ((273, 279), (324, 325)):
        pairs = zip(arrays.get(offsets, ()), arrays.get(lengths, ()), strict=False)
        if any(offset + length > size for offset, length in pairs):
            return True
    return False


def _u32(data: bytes) -> int:
    return struct.unpack(">I", data[:4])[0] if len(data) >= 4 else 0
