"""JPEG files: the markers before and between their scans."""

from __future__ import annotations

import re
import struct
from typing import BinaryIO

from PIL import JpegImagePlugin

from tress.io.formats.outline import Outline, refuse, unsupported

# What begins a segment with a length in a JPEG, or ends the picture.  0xFF before another byte is data, filling, a
# restart or a code that decoders do not take for a segment.
_MARKER = re.compile(rb"\xff([\xc0-\xcf\xd9-\xfe])")
_SCAN, _END, _JPG, _TABLES = 0xDA, 0xD9, 0xC8, (0xC4, 0xCC)
_LOSSLESS = (0xC3, 0xC7, 0xCB, 0xCF)
_HIERARCHICAL = (0xC5, 0xC6, 0xCD, 0xCE)
# A scan costs a pass over all pixels, however few bytes it has; encoders write about ten.
_MAX_SCANS, _MAX_SEGMENTS = 100, 10_000
# Pillow passes over what fills the room between segments byte by byte, up to the first scan.
_MAX_FILL_BYTES = 1 << 16
# One search holds up the program's other threads.
_SEARCH_BYTES = 1 << 16


class _Jpeg(JpegImagePlugin.JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Leaves EXIF alone: ``tress.io.exif`` reads it, without Python warnings for a damaged block."""


def outline(file: BinaryIO) -> Outline:
    """Walks through the first picture in a JPEG file, without decoding pixels; damage ends the walk.

    Raises:
        InputError: ``picture_corrupt`` for more than 100 scans, 10,000 segments or 64 KiB between them,
            ``picture_unsupported`` for what Pillow's decoder does not know.
    """
    data = file.read()
    file.seek(0)
    scans, position, has_scan_data, fill_bytes = 0, 2, False, 0
    for _ in range(_MAX_SEGMENTS):
        marker = _next_marker(data, position)
        if not scans:
            fill_bytes += max(0, (marker.start() if marker else len(data)) - position)
        if fill_bytes > _MAX_FILL_BYTES:
            refuse(f"the JPEG file has more than {_MAX_FILL_BYTES:,} bytes between its segments")
        if marker is None or marker[1][0] == _END:
            return Outline(lambda: _Jpeg(file), has_more=False)
        kind, start = marker[1][0], marker.end()
        if 0xC0 <= kind <= 0xCF and kind not in (*_TABLES, _JPG) and not has_scan_data:
            _check_frame(kind, data[start : start + 8])
        has_scan_data |= kind == _SCAN
        scans += kind == _SCAN
        if scans > _MAX_SCANS:
            break
        position = start + max(2, int.from_bytes(data[start : start + 2], "big"))
    refuse(f"the JPEG file has more than {_MAX_SCANS} scans or {_MAX_SEGMENTS} segments")


def _next_marker(data: bytes, position: int) -> re.Match[bytes] | None:
    for start in range(position, len(data), _SEARCH_BYTES):
        if marker := _MARKER.search(data, start, start + _SEARCH_BYTES + 1):
            return marker
    return None


def _check_frame(kind: int, header: bytes) -> None:
    if len(header) < 8:
        return
    if kind in _LOSSLESS:
        unsupported("lossless JPEG is not supported")
    if kind in _HIERARCHICAL:
        unsupported("hierarchical JPEG is not supported")
    precision, _, _, components = struct.unpack(">BHHB", header[2:])
    if precision != 8:
        unsupported(f"JPEG with {precision} bits a channel is not supported")
    if components not in (1, 3, 4):
        unsupported(f"JPEG with {components} channels is not supported")
