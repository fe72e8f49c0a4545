"""What the first bytes of a file say: its format, and after a failure, what is wrong with it."""

from __future__ import annotations

import os
import re
import struct
from typing import BinaryIO

from tress.errors import InputError
from tress.io.formats.boxes import end_of_boxes
from tress.io.formats.outline import refuse_raw
from tress.io.formats.tiff import reaches_beyond

HEAD_BYTES = 4096
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
_STARTS = {
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "gif": (b"GIF87a", b"GIF89a"),
    "bmp": (b"BM",),
}
# Raw files that are not TIFF: Canon, Minolta, Sigma, Fujifilm, Olympus, Panasonic.
_RAW = re.compile(rb"(?s)....ftypcrx |II.{4}HEAPCCDR|\0MRM|FOVb|FUJIFILMCCD-RAW|II(RO|RS|U\0)|MMO[RS]")
_UNSUPPORTED = (
    (re.compile(rb"%PDF-"), "PDF"),
    (re.compile(rb"8BPS"), "Photoshop"),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "), "JPEG XL"),
    (re.compile(rb"\0\0\0\x0cjP|\xff\x4f\xff\x51"), "JPEG 2000"),
    (re.compile(rb"\0\0\x01\0"), "ICO"),
    (re.compile(rb"(?s)[\xef\xbb\xbf\s]*(<\?xml.{0,1000})?<svg"), "SVG"),
    (re.compile(rb"(?s)....ftyp"), "video"),
    (re.compile(rb"\x1aE\xdf\xa3"), "video"),
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
    if _RAW.match(head):
        refuse_raw()
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
        return reaches_beyond(file, size)
    if kind in ("avif", "heic"):
        return end_of_boxes(file, size) > size
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


def _u32(data: bytes) -> int:
    return struct.unpack(">I", data[:4])[0] if len(data) >= 4 else 0
