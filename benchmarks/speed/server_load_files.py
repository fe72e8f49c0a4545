"""Small files that cost whoever decodes them without care much time or memory.  Made anew each time, in seconds."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

_SIDE_PX = 2048


def hostile_pictures() -> dict[str, bytes]:
    """Name of the trick to the file's bytes."""
    return {
        "png of chunks": _png(b"".join([_chunk(b"teSt", b"")] * 400_000)),
        "png of long text": _png(_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<" * 4_000_000))),
        "jpeg of segments": b"\xff\xd8" + b"\xff\xfe\0\2" * 2_000_000 + b"\xff\xd9",
        "gif of comments": b"GIF89a\x40\0\x40\0\0\0\0" + b"!\xfe\1x\0" * 1_500_000 + b";",
        "tiff of one tag": _tiff([(273, 4, 1 << 19, 8)] * 65_535),
        "tiff of strips": _tiff([(256, 3, 1, 64), (257, 3, 1, 64), (273, 4, 1 << 20, 8), (279, 4, 1 << 20, 8)]),
        "tiff of one tile": _tiled(),
        "avif of another size": _avif(),
        "fax of noise": _fax(),
        "png in a lie": _lying_png(),
    }


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(extra: bytes) -> bytes:
    plain = _saved(Image.new("RGB", (64, 64)), "PNG")
    return plain[:33] + extra + plain[33:]


def _lying_png() -> bytes:
    """More pixels in the data than in the header."""
    header = struct.pack(">IIBBBBB", 64, 64, 8, 6, 0, 0, 0)
    data = zlib.compress(bytes(100_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _tiff(entries: list[tuple[int, int, int, int]]) -> bytes:
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0\x08\0\0\0" + directory + bytes(4 + (1 << 23))


def _tiled() -> bytes:
    """64x64 pixels in a tile of 8192x8192."""
    tile = zlib.compress(bytes(8192 * 8192 * 3), 9)
    sizes = [(256, 64), (257, 64), (258, 8), (259, 8), (262, 2), (277, 3), (322, 8192), (323, 8192)]
    entries = [(tag, 3, 1, value) for tag, value in sizes]
    at = 8 + 2 + 12 * (len(entries) + 2) + 4
    entries += [(324, 4, 1, at), (325, 4, 1, len(tile))]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0\x08\0\0\0" + directory + bytes(4) + tile


def _avif() -> bytes:
    """A picture that announces 64x64 pixels."""
    large = _saved(Image.new("RGB", (_SIDE_PX, _SIDE_PX), "red"), "AVIF", speed=10)
    size = struct.pack(">II", _SIDE_PX, _SIDE_PX)
    at = large.index(b"ispe") + 8
    assert large[at : at + 8] == size
    return large[:at] + struct.pack(">II", 64, 64) + large[at + 8 :]


def _fax() -> bytes:
    fax = bytearray(_saved(Image.effect_noise((3000, 3000), 90).convert("1"), "TIFF", compression="group4"))
    fax[4000:200_000] = bytes(range(250)) * 784
    return bytes(fax)
