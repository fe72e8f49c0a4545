"""AVIF and HEIC files: what the container announces, checked against what the streams in it hold."""

from __future__ import annotations

import struct
from typing import BinaryIO

from PIL import AvifImagePlugin

from tress.io.cicp import CodePoints
from tress.io.formats.boxes import Item, Items, read_items
from tress.io.formats.coded import av1_pixels, hevc_pixels
from tress.io.formats.outline import Outline, check_coded_size, refuse
from tress.io.formats.tracks import Track, read_tracks

# A grid of grids of pictures; nothing goes deeper.
_MAX_DEPTH, _MAX_PARTS = 4, 20_000
# Metadata that several pictures share is read for each of them.
_METADATA_BYTES = 16 << 20
_WITH_PROFILE = (b"prof", b"rICC")


def outline_avif(file: BinaryIO) -> Outline:
    """Size, clean aperture and colour of an AVIF file.

    Raises:
        InputError: ``picture_corrupt`` where the streams hold more than is announced.
    """
    items = _checked(file, "AVIF")
    file.seek(0)
    shown = items.get(items.primary) if items else Item()
    return Outline(
        lambda: AvifImagePlugin.AvifImageFile(file),
        colour=_colour(shown),
        aperture=_aperture(shown),
    )


def outline_heic(file: BinaryIO) -> Outline:
    """Colour of a HEIC file; its clean aperture is applied by its decoder.

    Raises:
        InputError: as ``outline_avif``.
    """
    items = _checked(file, "HEIC")
    file.seek(0)

    def start():  # type: ignore[no-untyped-def]  # pillow_heif has no types
        import pillow_heif

        return pillow_heif.HeifImageFile(file)

    # Its further pictures are previews and maps, not frames.
    return Outline(start, has_more=False, colour=_colour(items.get(items.primary)) if items else None)


def _checked(file: BinaryIO, what: str) -> Items | None:
    for track in read_tracks(file):
        _check_track(file, track, what)
    items = read_items(file)
    if items is None:
        return None
    size = file.seek(0, 2)
    shared = sum(end - start for source, _ in items.described for start, end in items.get(source).extents)
    if shared > 2 * size + _METADATA_BYTES:
        refuse(f"the {what} file gives the same metadata to many pictures")
    shown = items.get(items.primary)
    if announced := _announced(shown):
        coded = _Sum(file, items).of(items.primary)
        check_coded_size(coded, announced, what)
        for helper in shown.helpers:
            check_coded_size(_Sum(file, items).of(helper), announced, what)
    return items


def _check_track(file: BinaryIO, track: Track, what: str) -> None:
    start, end = track.first
    file.seek(start)
    frame = file.read(max(0, end - start))
    coded = max(track.entry_px, _coded_pixels(track.configuration, frame))
    check_coded_size(coded, track.announced_px or track.entry_px, what)


def _coded_pixels(properties: dict[bytes, bytes], stream: bytes) -> int:
    """Pixels of the frames in a stream, by its decoder's configuration and by itself; 0 if nothing tells."""
    if (configuration := properties.get(b"av1C")) is not None:
        return max(av1_pixels(configuration[4:]), av1_pixels(stream))
    if (configuration := properties.get(b"hvcC")) is not None:
        return hevc_pixels(configuration, stream)
    return 0


class _Sum:
    """Adds up the pixels that a picture is decoded from."""

    def __init__(self, file: BinaryIO, items: Items) -> None:
        self._file, self._items, self._seen = file, items, 0
        self._known: dict[int, int] = {}

    def of(self, number: int, depth: int = 0) -> int:
        """Pixels of an item with all that it is made of, each as often as it is used."""
        self._seen += 1
        if depth > _MAX_DEPTH or self._seen > _MAX_PARTS:
            refuse("the picture is put together of too many parts")
        item = self._items.get(number)
        if item.parts:
            return sum(self.of(part, depth + 1) for part in item.parts)
        if number not in self._known:
            self._known[number] = self._coded(item)
        return self._known[number]

    def _coded(self, item: Item) -> int:
        return max(_announced(item), _coded_pixels(dict(item.properties), self._data(item)))

    def _data(self, item: Item) -> bytes:
        parts = []
        for start, end in item.extents:
            if item.inside:
                parts.append(self._items.idat[start:end])
            else:
                self._file.seek(start)
                parts.append(self._file.read(end - start))
        return b"".join(parts)


def _announced(item: Item) -> int:
    size = item.property(b"ispe")
    return int.from_bytes(size[4:8], "big") * int.from_bytes(size[8:12], "big") if size and len(size) >= 12 else 0


def _colour(item: Item) -> CodePoints | None:
    """Code points, unless there is a profile, which is more exact."""
    told = [content for kind, content in item.properties if kind == b"colr"]
    if any(content[:4] in _WITH_PROFILE for content in told):
        return None
    for content in told:
        if content[:4] == b"nclx" and len(content) >= 8:
            return CodePoints(*struct.unpack(">HH", content[4:8]))
    return None


def _aperture(item: Item) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of what the author left of the picture (``clap``); None for all of it."""
    size, clap = item.property(b"ispe"), item.property(b"clap")
    if not size or len(size) < 12 or not clap or len(clap) < 32:
        return None
    numbers = struct.unpack(">IIIIiIiI", clap[:32])
    if 0 in numbers[1::2]:
        return None
    width, height, right, down = (n / d for n, d in zip(numbers[::2], numbers[1::2], strict=True))
    whole_width, whole_height = struct.unpack(">II", size[4:12])
    # Offsets are those of the centres.
    left, top = round((whole_width - width) / 2 + right), round((whole_height - height) / 2 + down)
    box = (max(0, left), max(0, top), min(whole_width, left + round(width)), min(whole_height, top + round(height)))
    return box if box[0] < box[2] and box[1] < box[3] else None
