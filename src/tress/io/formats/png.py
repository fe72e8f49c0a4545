"""PNG files: their chunks.  Pillow gets those that make pixels; text, profile and EXIF are read here.

Pillow holds the limits of what it unpacks in global variables of its module, and takes a larger profile or text for
damage.  Most texts are of no interest at all.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import cv2
import numpy as np
import numpy.typing as npt
from PIL import PngImagePlugin

from tress.io.cicp import SRGB, CodePoints
from tress.io.exif import from_raw_profile
from tress.io.formats.outline import Outline, Samples, refuse
from tress.io.formats.spliced import Piece, spliced
from tress.io.gamma import read_gamma_space
from tress.io.shaper import ColourSpace

SIGNATURE_BYTES = 8
COLOURS = (b"PLTE", b"tRNS", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP")
"""What stands before the pixels and says what they mean."""
_PIXELS = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_FOR_PILLOW = (*_PIXELS, b"tRNS", b"pHYs")
# Pixels usually come in pieces of 8 KB; this many more chunks, smaller on average, no program writes.
_MAX_CHUNKS, _BYTES_A_CHUNK = 10_000, 1024
# Profiles of measured devices have a few MB, XMP with previews as well.
_MAX_UNPACKED = 32 << 20
_AS_IT_IS = {b"eXIf": "exif", b"sRGB": "srgb", b"gAMA": "gamma", b"cHRM": "chromaticities"}
_GREY, _RGB, _GREY_ALPHA, _RGBA = 0, 2, 4, 6
# ImageMagick's way to put EXIF, XMP and profiles into PNG, older than chunks for them.
_RAW = {b"Raw profile type exif": "exif", b"Raw profile type APP1": "exif", b"Raw profile type xmp": "xmp"}
_RAW |= {b"Raw profile type icc": "icc", b"Raw profile type icm": "icc"}


@dataclass
class _Chunks:
    """What the walk through the chunks finds.

    found: EXIF, XMP, ICC profile, and what ``sRGB``, ``gAMA`` and ``cHRM`` hold.  pixels: the parts of the file that
    make pixels; whole: these, and the two chunks that Pillow reads besides.
    """

    pixels: list[Piece] = field(default_factory=lambda: [(0, SIGNATURE_BYTES)])
    whole: list[Piece] = field(default_factory=lambda: [(0, SIGNATURE_BYTES)])
    header: bytes = b""
    key: bytes = b""
    colour: CodePoints | None = None
    found: dict[str, bytes] = field(default_factory=dict)
    frames: int = 1
    warnings: list[str] = field(default_factory=list)


def outline(file: BinaryIO) -> Outline:
    """Size, profile, EXIF, XMP and clear colour.

    Raises:
        InputError: ``picture_corrupt`` for more chunks than any program writes, or two headers.
    """
    chunks = _walk(file)
    colour = _colour(chunks)
    image = spliced(file, chunks.whole)
    size = struct.unpack(">II", chunks.header[:8]) if len(chunks.header) == 13 else None
    file.seek(0)
    return Outline(
        lambda: PngImagePlugin.PngImageFile(image),
        size_px=size,
        has_more=chunks.frames > 1,
        exif=chunks.found.get("exif"),
        xmp=chunks.found.get("xmp"),
        icc=chunks.found.get("icc"),
        colour=colour,
        clear_grey=_clear_grey(chunks),
        samples=_samples(file, chunks, colour),
        warnings=chunks.warnings,
    )


def _walk(file: BinaryIO) -> _Chunks:
    chunks = _Chunks()
    size = file.seek(0, 2)
    for start, kind, length in heads(file, size):
        end = start + 12 + length
        if kind == b"IHDR" and chunks.header:
            refuse("the PNG file has two headers")
        if kind in _PIXELS:
            _extend(chunks.pixels, start, min(end, size))
        if kind in _FOR_PILLOW:
            _extend(chunks.whole, start, min(end, size))
        if kind in (b"IDAT", b"IEND", b"PLTE", b"pHYs") or end > size:
            continue
        _note(chunks, file, kind, length)
    return chunks


def _extend(pieces: list[Piece], start: int, end: int) -> None:
    last = pieces[-1]
    if isinstance(last, tuple) and last[1] == start:
        pieces[-1] = (last[0], end)
    else:
        pieces.append((start, end))


def heads(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes, int]]:
    """Start, kind and length of content of every chunk up to the end of the picture."""
    position, seen = SIGNATURE_BYTES, 0
    while position + 8 <= size:
        seen += 1
        if seen > _MAX_CHUNKS + size // _BYTES_A_CHUNK:
            refuse(f"the PNG file has more than {seen - 1} chunks")
        file.seek(position)
        length, kind = struct.unpack(">I4s", file.read(8))
        yield position, kind, length
        if kind == b"IEND":
            return
        position += 12 + length


def _note(chunks: _Chunks, file: BinaryIO, kind: bytes, length: int) -> None:
    """Takes down what a chunk says; ``file`` stands at its content.  What comes twice counts once."""
    if kind == b"IHDR":
        chunks.header = file.read(length)
    elif kind == b"tRNS":
        chunks.key = file.read(min(length, 6))
    elif kind == b"acTL" and length == 8:
        chunks.frames = struct.unpack(">I", file.read(4))[0]
    elif kind == b"cICP" and length == 4:
        chunks.colour = CodePoints(*file.read(2))
    elif kind in _AS_IT_IS:
        chunks.found.setdefault(_AS_IT_IS[kind], file.read(length))
    elif kind == b"iCCP":
        _, _, packed = file.read(length).partition(b"\0")
        if "icc" not in chunks.found:
            _put(chunks, "icc", _unpacked(packed[1:]), "colour profile")
    elif kind in (b"tEXt", b"zTXt", b"iTXt"):
        keyword = file.read(min(length, 80)).partition(b"\0")[0]
        what = "xmp" if keyword == b"XML:com.adobe.xmp" else _RAW.get(keyword)
        if what is None or what in chunks.found:
            return
        file.seek(len(keyword) + 1 - min(length, 80), 1)
        text = _text(kind, file.read(length - len(keyword) - 1))
        _put(chunks, what, text if text is None or keyword not in _RAW else from_raw_profile(text), f"text {what}")


def _put(chunks: _Chunks, what: str, content: bytes | None, name: str) -> None:
    if content is None:
        chunks.warnings.append(f"the {name} of the PNG file is damaged or too large and was ignored")
    elif content:
        chunks.found[what] = content


def _text(kind: bytes, content: bytes) -> bytes | None:
    """What follows the keyword of a text chunk, unpacked; None if that fails."""
    if kind == b"tEXt":
        return content
    if kind == b"zTXt":
        return _unpacked(content[1:])
    is_packed, rest = content[:1] == b"\1", content[2:]
    # Language and translated keyword come before the text.
    text = rest.split(b"\0", 2)[2:]
    if not text:
        return None
    return _unpacked(text[0]) if is_packed else text[0]


def _unpacked(packed: bytes) -> bytes | None:
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(packed, _MAX_UNPACKED)
    except zlib.error:
        return None
    return content if stream.eof else None


def _colour(chunks: _Chunks) -> ColourSpace | None:
    """How the colours are told, if not by a profile: of several ways the one that takes precedence in the standard."""
    if chunks.colour is not None or "icc" in chunks.found:
        return chunks.colour
    if "srgb" in chunks.found:
        return SRGB
    told, warnings = read_gamma_space(chunks.found.get("gamma", b""), chunks.found.get("chromaticities", b""))
    chunks.warnings += warnings
    return told


def _clear_grey(chunks: _Chunks) -> int | None:
    """The clear level of 2-bit and 4-bit grey, which Pillow scales to 8 bits without its key."""
    if len(chunks.header) != 13 or len(chunks.key) < 2:
        return None
    depth, colour = chunks.header[8], chunks.header[9]
    if colour != _GREY or depth not in (2, 4):
        return None
    most = (1 << depth) - 1
    return (int.from_bytes(chunks.key[:2], "big") & most) * 255 // most


def _samples(file: BinaryIO, chunks: _Chunks, told: ColourSpace | None) -> Samples | None:
    """For pictures of 16 bits whose low bits matter: a conversion may spread them, a clear colour has them."""
    if len(chunks.header) != 13 or chunks.header[8] != 16 or chunks.header[9] not in (_RGB, _GREY_ALPHA, _RGBA):
        return None
    colour = chunks.header[9]
    is_spread = told.shaper() is not None if told else "icc" in chunks.found
    if not (is_spread or (colour == _RGB and len(chunks.key) == 6)):
        return None
    key = struct.unpack(">HHH", chunks.key) if colour == _RGB and len(chunks.key) == 6 else None
    return Samples(
        lambda: _read_deep(spliced(file, chunks.pixels).read(), colour),
        "grey" if colour == _GREY_ALPHA else "rgb",
        alpha_at={_GREY_ALPHA: 1, _RGBA: 3}.get(colour),
        key=key,
    )


def _read_deep(data: bytes, colour: int) -> npt.NDArray[np.uint16]:
    """The 16-bit pixels of a PNG file, by OpenCV; it writes about damage to stderr, so that it is found before."""
    for start, kind, length in heads(io.BytesIO(data), len(data)):
        checked, end = start + 4, start + 8 + length
        if kind == b"IDAT" and zlib.crc32(memoryview(data)[checked:end]) != int.from_bytes(data[end : end + 4], "big"):
            raise OSError("broken PNG data")
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise OSError("broken PNG data")
    if colour == _GREY_ALPHA:
        return np.ascontiguousarray(pixels[..., [0, 3]])
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
