"""TIFF files: which page is the picture, and a file for Pillow that holds this page alone.

Pillow and the libtiff inside it each read the directory by themselves, with everything in it, and differ where it says
something twice.  They get one that is written anew: the tags that make a picture, once each.
"""

from __future__ import annotations

import contextlib
import struct
from typing import BinaryIO

from tress.errors import InputError
from tress.io import exif
from tress.io.formats import tiff_samples
from tress.io.formats.outline import Outline, check_coded_size, ends_too_early, refuse, refuse_raw, unsupported
from tress.io.formats.spliced import spliced
from tress.io.formats.tiff_directory import Directory, Layout, pages, read_directory, read_layout, written
from tress.io.formats.tiff_image import Tiff
from tress.io.formats.tiff_tags import PICTURE, Tag
from tress.io.gamma import ADOBE_RGB, GammaSpace

_REDUCED, _PAGE_OF_SEVERAL, _MASK = 1, 2, 4
_OLD_REDUCED = 2
# What 32 bits reach, with room for a directory.
_CLASSIC_BYTES = (1 << 32) - (1 << 24)
# How much larger another page must be for the first to be its thumbnail, if nothing says so.
_THUMBNAIL = 4
# What cameras write, and nobody else: colour filter arrays, linear raw, and compressions of single makers.
_RAW_PHOTOMETRICS = (32803, 34892)
_RAW_COMPRESSIONS = (32767, 32769, 32770, 34713, 34892, 52546, 65000, 65535)
_RAW_TAGS = (Tag.CFA_REPEAT, Tag.CFA_PATTERN, Tag.DNG_VERSION)
_RAW_SIGNS = (b"CR\2", b"IIII", b"MMMM")
_COMPRESSIONS = {1, 2, 3, 4, 5, 6, 7, 8, 32771, 32773, 32809, 32946, 34925, 50000}
_COMPRESSION_NAMES = {
    50001: "WebP",
    50002: "JPEG XL",
    34712: "JPEG 2000",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34887: "LERC",
    34676: "SGI Log",
    34677: "SGI Log",
    34661: "JBIG",
    9: "JBIG",
    10: "JBIG",
}
_ONE_NUMBER = (
    *(Tag.WIDTH, Tag.HEIGHT, Tag.COMPRESSION, Tag.PHOTOMETRIC, Tag.SAMPLES, Tag.ROWS_PER_STRIP),
    *(Tag.PLANAR, Tag.TILE_WIDTH, Tag.TILE_HEIGHT),
)
_MAX_CHANNELS = 64
# A description, a name: longer ones hold something else.
_MAX_TEXT_BYTES, _MAX_XMP_BYTES, _MAX_ICC_BYTES = 1 << 20, 32 << 20, 32 << 20
_ASCII, _RATIONAL = 2, 5


def outline(file: BinaryIO) -> Outline:
    """Chooses the page that is the picture.

    It is the first one, unless this is a thumbnail: marked as one, or far smaller than another page.

    Raises:
        InputError: ``picture_unsupported`` for camera raw files and compressions that are not read;
            ``picture_corrupt`` for directories that no program writes.
    """
    head = file.read(16)
    if head[8:10] == b"CR" or head[8:12] in _RAW_SIGNS:
        refuse_raw()
    size = file.seek(0, 2)
    start = read_layout(head)
    found = list(pages(file, *start, size)) if start else []
    file.seek(0)
    if not found:
        return Outline(lambda: Tiff(file))
    everything = [page for page, _ in found]
    if any(_is_raw(page) for page in everything):
        refuse_raw()
    top = [page for page, is_below in found if not is_below]
    chosen = _picture_among(everything)
    _check(chosen)
    more = [page for page in top if page is not chosen and not _is_reduced(page)]
    warnings = []
    if chosen is not top[0]:
        warnings.append("the first page of the file is a thumbnail; the largest page is used")
    profile = _value(chosen, Tag.ICC, _MAX_ICC_BYTES)
    return Outline(
        lambda: Tiff(spliced(file, _single(chosen, size))),
        size_px=(chosen.number(Tag.WIDTH), chosen.number(Tag.HEIGHT)) if _area(chosen) else None,
        has_more=bool(more),
        dpi=_dpi(chosen),
        turn=orientation if 1 <= (orientation := chosen.number(Tag.ORIENTATION, 1)) <= 8 else 1,
        exif=exif.from_descriptive_tags(_texts(chosen)),
        xmp=_value(chosen, Tag.XMP, _MAX_XMP_BYTES),
        icc=profile,
        colour=None if profile else _colour(file, chosen, size),
        samples=tiff_samples.samples(file, chosen, size),
        warnings=warnings,
    )


def reaches_beyond(file: BinaryIO, size: int) -> bool:
    """After a decoder failed: does the picture, or what describes it, lie beyond the end of the file?"""
    file.seek(0)
    start = read_layout(file.read(16))
    found = [page for page, _ in pages(file, *start, size)] if start else []
    if not found:
        return True
    page = _picture_among(found)
    for entry in page.entries.values():
        if entry.length > len(entry.raw) and page.layout.offset(entry.raw) + entry.length > size:
            return True
    for offsets, lengths in ((Tag.STRIP_OFFSETS, Tag.STRIP_BYTES), (Tag.TILE_OFFSETS, Tag.TILE_BYTES)):
        pairs = zip(page.numbers(offsets), page.numbers(lengths), strict=False)
        if any(offset + length > size for offset, length in pairs):
            return True
    return False


def _is_raw(page: Directory) -> bool:
    return (
        any(tag in page.entries for tag in _RAW_TAGS)
        or page.number(Tag.PHOTOMETRIC) in _RAW_PHOTOMETRICS
        or page.number(Tag.COMPRESSION) in _RAW_COMPRESSIONS
    )


def _is_reduced(page: Directory) -> bool:
    return bool(page.number(Tag.SUBFILE_TYPE) & _REDUCED) or page.number(Tag.OLD_SUBFILE_TYPE) == _OLD_REDUCED


def _area(page: Directory) -> int:
    return page.number(Tag.WIDTH) * page.number(Tag.HEIGHT)


def _picture_among(found: list[Directory]) -> Directory:
    first = found[0]
    kinds = first.number(Tag.SUBFILE_TYPE)
    others = [page for page in found[1:] if not page.number(Tag.SUBFILE_TYPE) & _MASK]
    whole = [page for page in others if not _is_reduced(page)]
    if not (_is_reduced(first) or kinds & _MASK):
        others = [] if kinds & _PAGE_OF_SEVERAL else [p for p in whole if _area(p) >= _THUMBNAIL * _area(first)]
    elif whole:
        others = whole
    best = max(others, key=_area, default=first)
    return best if _area(best) > _area(first) or kinds & _MASK else first


def _check(page: Directory) -> None:
    """Refuses what a decoder would spend memory on before it sees that there is no such picture."""
    for tag in _ONE_NUMBER:
        if tag in page.entries and page.entries[tag].count != 1:
            refuse(f"the TIFF file has {page.entries[tag].count} values in its tag {int(tag)}")
    compression = page.number(Tag.COMPRESSION, 1)
    if compression not in _COMPRESSIONS:
        unsupported(f"TIFF compressed as {_COMPRESSION_NAMES.get(compression, compression)} is not supported")
    width, height = page.number(Tag.WIDTH), page.number(Tag.HEIGHT)
    samples = page.number(Tag.SAMPLES, 1)
    if samples > _MAX_CHANNELS or len(page.numbers(Tag.BITS)) > _MAX_CHANNELS:
        unsupported(f"TIFF with {max(samples, len(page.numbers(Tag.BITS)))} channels is not supported")
    if width <= 0 or height <= 0:
        return
    planes = samples if page.number(Tag.PLANAR, 1) == 2 else 1
    tile_width, tile_height = page.number(Tag.TILE_WIDTH), page.number(Tag.TILE_HEIGHT)
    if Tag.TILE_OFFSETS in page.entries and tile_width > 0 and tile_height > 0:
        across, down = -(-width // tile_width), -(-height // tile_height)
        check_coded_size(across * tile_width * down * tile_height, width * height, "TIFF")
        parts = across * down
    else:
        parts = height
    for tag in (Tag.STRIP_OFFSETS, Tag.STRIP_BYTES, Tag.TILE_OFFSETS, Tag.TILE_BYTES):
        if tag in page.entries and page.entries[tag].count > parts * planes:
            refuse(
                f"the TIFF file lists {page.entries[tag].count} parts of a picture that has at most {parts * planes}"
            )


def _value(page: Directory, tag: int, most_bytes: int) -> bytes | None:
    entry = page.entries.get(tag)
    return (page.value(tag) or None) if entry and entry.length <= most_bytes else None


def _texts(page: Directory) -> dict[int, str]:
    texts = {}
    for tag in exif.DESCRIPTIVE:
        if tag in page.entries and page.entries[tag].kind == _ASCII and (text := _value(page, tag, _MAX_TEXT_BYTES)):
            texts[tag] = text.split(b"\0")[0].decode("utf-8", "replace")
    return texts


def _colour(file: BinaryIO, page: Directory, size: int) -> GammaSpace | None:
    """What a camera says of the colours in the EXIF of its TIFF."""
    with contextlib.suppress(InputError):  # a torn EXIF block, without which the picture is whole
        photo = read_directory(file, page.layout, page.number(exif.PHOTO), size)
        below = photo and read_directory(file, page.layout, photo.number(exif.INTEROPERABILITY), size)
        dcf = (below and _value(below, exif.INTEROPERABILITY_INDEX, 4)) or b""
        if photo and exif.mean_adobe_rgb(photo.number(exif.COLOUR_SPACE), dcf):
            return ADOBE_RGB
    return None


def _dpi(page: Directory) -> tuple[float, float] | None:
    per_inch = {2: 1.0, 3: 2.54}.get(page.number(Tag.RESOLUTION_UNIT, 2))
    values = []
    for tag in (Tag.X_RESOLUTION, Tag.Y_RESOLUTION):
        raw = page.value(tag) if tag in page.entries and page.entries[tag].kind == _RATIONAL else b""
        over, under = struct.unpack(page.layout.order + "II", raw[:8]) if len(raw) >= 8 else (0, 0)
        if not under or per_inch is None:
            return None
        values.append(over / under * per_inch)
    return values[0], values[1]


def _single(page: Directory, size: int) -> list[bytes | tuple[int, int]]:
    """The pieces of a file with this page alone: the old file with another start and a directory at its end.

    Raises:
        InputError: ``picture_truncated``: the pixels lie beyond the end, where the new directory comes.
    """
    replaced: dict[int, list[int]] = {}
    for place, length in ((Tag.STRIP_OFFSETS, Tag.STRIP_BYTES), (Tag.TILE_OFFSETS, Tag.TILE_BYTES)):
        starts, lengths = page.numbers(place), page.numbers(length)
        needed = _plain_bytes(page) if place == Tag.STRIP_OFFSETS else 0
        if any(start >= size for start in starts) or (needed and max(starts, default=0) + needed > size):
            ends_too_early("TIFF")
        if any(start + length > size for start, length in zip(starts, lengths, strict=False)):
            # Some programs write nonsense here; decoders then take what there is.
            replaced[length] = [min(n, size - start) for start, n in zip(starts, lengths, strict=False)]
    # Pillow reads big files of one byte order only, and classic ones all.
    layout = page.layout if size > _CLASSIC_BYTES else Layout(page.layout.order, False)
    kept, tail = {}, bytes(size % 2)
    for tag in PICTURE & page.entries.keys():
        if tag in replaced:
            kept[tag], values = layout.numbers(replaced[tag], size + len(tail))
        else:
            kept[tag], values = page.moved(tag, layout, size + len(tail))
        tail += values + bytes(len(values) % 2)
    head = layout.head(size + len(tail))
    return [head, (len(head), size), tail, written(layout, kept)]


def _plain_bytes(page: Directory) -> int:
    """Bytes of the last strip of uncompressed pixels; 0 for others."""
    if page.number(Tag.COMPRESSION, 1) != 1:
        return 0
    height = page.number(Tag.HEIGHT)
    rows = min(page.number(Tag.ROWS_PER_STRIP, height), height)
    samples = 1 if page.number(Tag.PLANAR, 1) == 2 else page.number(Tag.SAMPLES, 1)
    bits = page.number(Tag.WIDTH) * page.number(Tag.BITS, 1) * samples
    return (height % rows or rows) * -(-bits // 8) if rows > 0 else 0
