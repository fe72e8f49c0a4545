"""The raw samples of TIFF pictures that Pillow has no mode for: 16 bits a channel, planes, alpha beside ink, Lab.

libtiff unpacks the strips or tiles; it is told that they are rows of grey bytes.  Byte order, prediction and channels
are seen to here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from tress.io.formats.outline import Samples, unsupported
from tress.io.formats.spliced import spliced
from tress.io.formats.tiff_directory import Directory, Entry, Layout, written
from tress.io.formats.tiff_image import Tiff
from tress.io.formats.tiff_tags import Tag

Array = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

# Uncompressed, LZW, deflate by its old and new number, PackBits, LZMA, Zstandard: what gives back bytes as they were.
_LOSSLESS = (1, 5, 8, 32946, 32773, 34925, 50000)
_COLOURS = {0: "grey", 1: "grey", 2: "rgb", 5: "cmyk", 8: "lab", 9: "lab"}
_CHANNELS = {"grey": 1, "rgb": 3, "cmyk": 4, "lab": 3}
_WHITE_IS_ZERO, _ICC_LAB = 0, 9
_ASSOCIATED, _UNASSOCIATED = 1, 2
_HORIZONTAL = 2
# What libtiff unpacks into at once, unless a single strip is larger.
_GROUP_BYTES = 32 << 20
# The file that it gets.
_PLAIN = Layout("<", False)


def samples(file: BinaryIO, page: Directory, size: int) -> Samples | None:
    """How to read the page, if Pillow cannot, or not without loss; None if it can, or nobody does.

    Raises:
        InputError: ``picture_unsupported``.
    """
    bits, count = page.numbers(Tag.BITS), page.number(Tag.SAMPLES, 1)
    colour = _COLOURS.get(page.number(Tag.PHOTOMETRIC, -1))
    depths = set(bits)
    if colour is None or depths not in ({8}, {16}) or set(page.numbers(Tag.SAMPLE_FORMAT)) > {1}:
        return None
    channels = _CHANNELS[colour]
    if count < channels or page.number(Tag.COMPRESSION, 1) not in _LOSSLESS:
        return None
    if page.number(Tag.PREDICTOR, 1) not in (1, _HORIZONTAL) or page.number(Tag.FILL_ORDER, 1) != 1:
        return None
    is_planar = page.number(Tag.PLANAR, 1) == 2 and count > 1
    is_inverted = page.number(Tag.PHOTOMETRIC) == _WHITE_IS_ZERO
    is_deep = depths == {16} and (count > 1 or is_inverted)
    has_more = count > channels and (is_inverted or colour in ("cmyk", "lab"))
    if is_planar and colour == "grey":
        # Scientific stacks look like this, photos do not.
        unsupported("TIFF with planes of grey beside each other is not supported")
    if not (is_planar or is_deep or has_more or page.number(Tag.PHOTOMETRIC) == _ICC_LAB):
        return None
    extra = page.numbers(Tag.EXTRA_SAMPLES)
    alphas = [i for i, kind in enumerate(extra) if kind in (_ASSOCIATED, _UNASSOCIATED) and channels + i < count]
    return Samples(
        _reader(file, page, size, colour),
        colour,
        alpha_at=channels + alphas[0] if alphas else None,
        premultiplied=bool(alphas) and extra[alphas[0]] == _ASSOCIATED,
        inverted=is_inverted,
    )


def _reader(file: BinaryIO, page: Directory, size: int, colour: str) -> Callable[[], Array]:
    def read() -> Array:
        pixels = _read(file, page, size)
        if colour == "lab":
            _shift_lab(pixels, page.number(Tag.PHOTOMETRIC))
        return pixels

    return read


def _read(file: BinaryIO, page: Directory, size: int) -> Array:
    """``(H, W, C)``, in the machine's byte order, prediction undone."""
    parts = _Parts(page)
    stored = np.dtype(page.layout.order + ("u2" if 16 in page.numbers(Tag.BITS) else "u1"))
    pixels = np.empty((parts.picture_height, parts.picture_width, parts.channels), stored.newbyteorder("="))
    row_bytes = parts.width * parts.together * stored.itemsize
    for numbers, left, top, channel in parts.groups(row_bytes):
        # Strips end with the picture, tiles reach over its border.
        high = len(numbers) * parts.height if parts.is_tiled else min(len(numbers) * parts.height, len(pixels) - top)
        spans = [(parts.offsets[i], min(size, parts.offsets[i] + parts.lengths[i])) for i in numbers]
        raw = _unpacked(file, spans, page.number(Tag.COMPRESSION, 1), (high, row_bytes), parts.height)
        part = raw.view(stored).reshape(high, parts.width, parts.together)
        if page.number(Tag.PREDICTOR, 1) == _HORIZONTAL:
            part = np.cumsum(part, axis=1, dtype=pixels.dtype)
        target = pixels[top : top + high, left : left + parts.width, channel : channel + parts.together]
        target[:] = part[: target.shape[0], : target.shape[1]]
    return pixels


class _Parts:
    """Strips or tiles of a page: ``width`` by ``height`` pixels, each with ``together`` of its channels."""

    def __init__(self, page: Directory) -> None:
        self.channels = page.number(Tag.SAMPLES, 1)
        self.picture_width, self.picture_height = page.number(Tag.WIDTH), page.number(Tag.HEIGHT)
        self.is_tiled = Tag.TILE_OFFSETS in page.entries
        self.planes = self.channels if page.number(Tag.PLANAR, 1) == 2 else 1
        self.together = self.channels // self.planes
        if self.is_tiled:
            self.width, self.height = page.number(Tag.TILE_WIDTH), page.number(Tag.TILE_HEIGHT)
            tags = (Tag.TILE_OFFSETS, Tag.TILE_BYTES)
        else:
            self.width = self.picture_width
            self.height = min(page.number(Tag.ROWS_PER_STRIP, self.picture_height), self.picture_height)
            tags = (Tag.STRIP_OFFSETS, Tag.STRIP_BYTES)
        if self.width <= 0 or self.height <= 0:
            raise ValueError("strips or tiles without pixels")
        self.offsets, self.lengths = (page.numbers(tag) for tag in tags)
        self.across, self.down = -(-self.picture_width // self.width), -(-self.picture_height // self.height)
        if min(len(self.offsets), len(self.lengths)) < self.across * self.down * self.planes:
            raise ValueError("strips or tiles are missing")

    def groups(self, row_bytes: int) -> Iterator[tuple[list[int], int, int, int]]:
        """Numbers of parts that lie one above the other, and their left, top and first channel."""
        many = max(1, _GROUP_BYTES // (row_bytes * self.height))
        for plane in range(self.planes):
            for column in range(self.across):
                for row in range(0, self.down, many):
                    rows = range(row, min(row + many, self.down))
                    first = plane * self.across * self.down + column
                    numbers = [first + i * self.across for i in rows]
                    yield numbers, column * self.width, row * self.height, plane * self.together


def _unpacked(
    file: BinaryIO, spans: list[tuple[int, int]], compression: int, shape: tuple[int, int], rows: int
) -> npt.NDArray[np.uint8]:
    """The bytes of parts that lie one above the other, ``shape`` rows and bytes a row in all."""
    head_bytes = len(_PLAIN.head(0))
    lengths = [max(0, end - start) for start, end in spans]
    starts = list(itertools.accumulate(lengths, initial=head_bytes))
    # After the parts come their lists, then the directory.
    gap = bytes(starts[-1] % 2)
    at = starts[-1] + len(gap)
    offsets, offset_values = _PLAIN.numbers(starts[:-1], at)
    counts, count_values = _PLAIN.numbers(lengths, at + len(offset_values))
    place = at + len(offset_values) + len(count_values)
    numbers = {
        Tag.WIDTH: shape[1],
        Tag.HEIGHT: shape[0],
        Tag.BITS: 8,
        Tag.COMPRESSION: compression,
        Tag.PHOTOMETRIC: 1,
        Tag.SAMPLES: 1,
        Tag.ROWS_PER_STRIP: rows,
    }
    entries: dict[int, Entry] = {tag: _PLAIN.numbers([value], 0)[0] for tag, value in numbers.items()}
    entries |= {Tag.STRIP_OFFSETS: offsets, Tag.STRIP_BYTES: counts}
    tail = [gap, offset_values, count_values, written(_PLAIN, entries)]
    image = Tiff(spliced(file, [_PLAIN.head(place), *spans, *tail]))
    image.load()
    return np.asarray(image)


def _shift_lab(pixels: Array, photometric: int) -> None:
    """Makes a and b count from 0, and L reach the largest number, in place."""
    deep = pixels.dtype == np.uint16
    if photometric != _ICC_LAB:
        pixels[..., 1:3] ^= pixels.dtype.type(0x8000 if deep else 0x80)
    elif deep:
        # White is 0xFF00 in this encoding.
        pixels[..., 0] = np.minimum(pixels[..., 0] * (65535 / 65280) + 0.5, 65535)
