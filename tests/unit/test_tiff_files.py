"""TIFF files as cameras, scanners and Photoshop write them, and as nobody should: each a few bytes, written by hand."""

from __future__ import annotations

import itertools
import struct
import tracemalloc
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from tress.errors import InputError
from tress.io.decode import Picture, decode, read_size

BYTE, ASCII, SHORT, LONG, RATIONAL = 1, 2, 3, 4, 5
CODES = {BYTE: "B", ASCII: "B", SHORT: "H", LONG: "I"}


@dataclass
class Page:
    """Tags as (type, values), and the bytes of strips or tiles; ``below`` are its subdirectories."""

    tags: dict[int, tuple[int, Sequence[int]]]
    parts: list[bytes] = field(default_factory=list)
    below: list[Page] = field(default_factory=list)
    repeated: tuple[int, int] = (0, 0)


def tiff(pages: list[Page], order: str = "<", big: bool = False) -> bytes:
    """A classic or big TIFF of these pages."""
    word = "Q" if big else "I"
    width = struct.calcsize(word)
    sign = b"II" if order == "<" else b"MM"
    head = sign + struct.pack(order + ("HHHQ" if big else "HI"), *((43, 8, 0, 0) if big else (42, 0)))
    body = bytearray(head)

    def put(page: Page) -> int:
        """Writes a page with an open link to the next; gives its place."""
        tags = dict(page.tags)
        if page.below:
            tags[330] = (LONG, [put(part) for part in page.below])
            for place in tags[330][1]:
                close(place, 0)
        starts = []
        for part in page.parts:
            starts.append(len(body))
            body.extend(part)
        if page.parts:
            places, lengths = (324, 325) if 322 in tags else (273, 279)
            tags.setdefault(places, (LONG, starts))
            tags.setdefault(lengths, (LONG, [len(part) for part in page.parts]))
        entries = [(tag, *tags[tag]) for tag in sorted(tags)]
        entries += [(page.repeated[0], *tags[page.repeated[0]])] * page.repeated[1] if page.repeated[1] else []
        table = b""
        for tag, kind, values in entries:
            if kind == RATIONAL:
                packed = struct.pack(f"{order}{len(values)}I", *values)
                count = len(values) // 2
            else:
                packed, count = struct.pack(f"{order}{len(values)}{CODES[kind]}", *values), len(values)
            if len(packed) > width:
                at = len(body)
                body.extend(packed)
                packed = struct.pack(order + word, at)
            table += struct.pack(order + "HH" + word, tag, kind, count) + packed.ljust(width, b"\0")
        body.extend(bytes(len(body) % 2))
        place = len(body)
        body.extend(struct.pack(order + ("Q" if big else "H"), len(entries)) + table + bytes(width))
        ends[place] = len(body) - width
        return place

    ends: dict[int, int] = {}

    def close(place: int, following: int) -> None:
        struct.pack_into(order + word, body, ends[place], following)

    places = [put(page) for page in pages]
    for place, following in itertools.zip_longest(places, places[1:], fillvalue=0):
        close(place, following)
    struct.pack_into(order + word, body, len(head) - width, places[0])
    return bytes(body)


def page(
    pixels: np.ndarray,
    order: str = "<",
    *,
    photometric: int | None = None,
    planar: bool = False,
    compression: int = 1,
    predictor: int = 1,
    rows: int | None = None,
    tile: int | None = None,
    extra: Sequence[int] = (),
    icc: bytes = b"",
    **tags: Any,
) -> Page:
    """A page of an array ``(H, W)`` or ``(H, W, C)``, uint8 or uint16."""
    samples = pixels.reshape(*pixels.shape[:2], -1)
    height, width, count = samples.shape
    if photometric is None:
        photometric = 2 if count - len(extra) == 3 else 5 if count - len(extra) == 4 else 1
    rows = rows or height
    stored = samples.dtype.newbyteorder(order)
    planes = [samples[..., i : i + 1] for i in range(count)] if planar else [samples]
    parts = []
    for plane in planes:
        if tile:
            high, wide = -(-height // tile) * tile, -(-width // tile) * tile
            full = np.zeros((high, wide, plane.shape[2]), plane.dtype)
            full[:height, :width] = plane
            blocks = [full[y : y + tile, x : x + tile] for y in range(0, high, tile) for x in range(0, wide, tile)]
        else:
            blocks = [plane[y : y + rows] for y in range(0, height, rows)]
        for block in blocks:
            change = np.diff(block, axis=1, prepend=np.zeros_like(block[:, :1])) if predictor == 2 else block
            raw = change.astype(stored).tobytes()
            parts.append(zlib.compress(raw) if compression in (8, 32946) else raw)
    own: dict[int, tuple[int, Sequence[int]]] = {
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [8 * samples.dtype.itemsize] * count),
        259: (SHORT, [compression]),
        262: (SHORT, [photometric]),
        277: (SHORT, [count]),
        284: (SHORT, [2 if planar else 1]),
    }
    own |= {322: (LONG, [tile]), 323: (LONG, [tile])} if tile else {278: (LONG, [rows])}
    own |= {317: (SHORT, [predictor])} if predictor != 1 else {}
    own |= {338: (SHORT, list(extra))} if extra else {}
    own |= {34675: (BYTE, icc)} if icc else {}
    own |= {int(name[1:]): value for name, value in tags.items()}
    return Page(own, parts)


def code_of(data: bytes, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        decode(data, **options)
    return caught.value.code


RNG = np.random.default_rng(5)
THUMBNAIL = np.full((15, 20, 3), 40, np.uint8)
PHOTO = RNG.integers(0, 256, (60, 80, 3), np.uint8)


def shows(picture: Picture, pixels: np.ndarray) -> bool:
    return picture.pixels.shape == pixels.shape and bool((picture.pixels == pixels).all())


# ---- which page -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("mark", [{"t254": (LONG, [1])}, {"t255": (SHORT, [2])}, {}])
@pytest.mark.parametrize("is_below", [False, True])
def test_a_thumbnail_in_front_is_not_the_picture(order: str, big: bool, mark: dict[str, Any], is_below: bool) -> None:
    first, photo = page(THUMBNAIL, order, **mark), page(PHOTO, order)
    if is_below:
        first.below = [photo]
    picture = decode(tiff([first] if is_below else [first, photo], order, big))
    assert shows(picture, PHOTO)
    assert "thumbnail" in picture.warnings[0]
    assert read_size(tiff([first] if is_below else [first, photo], order, big)) == (80, 60)


def test_the_largest_of_several_pages_behind_a_thumbnail() -> None:
    middle = page(PHOTO[::2, ::2], t254=(LONG, [1]))
    assert shows(decode(tiff([page(THUMBNAIL, t254=(LONG, [1])), middle, page(PHOTO)])), PHOTO)


def test_reduced_copies_and_masks_behind_the_picture_say_nothing() -> None:
    mask = page(np.full((600, 800), 255, np.uint8), t254=(LONG, [4]))
    picture = decode(tiff([page(PHOTO), page(PHOTO[::2, ::2], t254=(LONG, [1])), mask]))
    assert shows(picture, PHOTO)


def test_the_first_of_several_pages_of_a_document_is_used_with_a_warning() -> None:
    pages = [page(PHOTO), page(PHOTO[:, ::-1])]
    assert shows(decode(tiff(pages)), PHOTO)
    assert "several" in decode(tiff(pages)).warnings[0]
    # It says of itself that it is a page, however small.
    small = page(THUMBNAIL, t254=(LONG, [2]))
    assert shows(decode(tiff([small, page(PHOTO, t254=(LONG, [2]))])), THUMBNAIL)


def raw_files() -> dict[str, bytes]:
    bayer = RNG.integers(0, 4096, (60, 80), np.uint16)
    thumbnail = page(THUMBNAIL, t254=(LONG, [1]))

    def with_below(below: Page, **tags: Any) -> bytes:
        first = page(THUMBNAIL, t254=(LONG, [1]), **tags)
        first.below = [below]
        return tiff([first])

    plain = tiff([thumbnail])
    return {
        "DNG": with_below(page(bayer, photometric=32803), t50706=(BYTE, [1, 4, 0, 0])),
        "linear DNG without its mark": with_below(page(PHOTO, photometric=34892)),
        "DNG whose first page is the picture": tiff([page(PHOTO, t50706=(BYTE, [1, 4, 0, 0]))]),
        "NEF": with_below(page(bayer, photometric=32803, compression=34713)),
        "NEF of big-endian cameras": tiff([Page({}), page(bayer, ">", photometric=32803)], ">"),
        "ARW": with_below(page(bayer, photometric=32803, compression=32767)),
        "PEF": tiff([page(bayer, photometric=32803, compression=65535), thumbnail]),
        "raw on a second page": tiff([thumbnail, page(bayer, photometric=32803)]),
        "filter array by its pattern": with_below(page(bayer, t33422=(BYTE, [0, 1, 1, 2]))),
        "CR2": plain[:8] + b"CR\x02\x00" + plain[12:],
        "IIQ": plain[:8] + b"IIII" + plain[12:],
        "CR3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(40),
        "CRW": b"II\x1a\0\0\0HEAPCCDR" + bytes(40),
        "MRW": b"\0MRM\0\0\1\0" + bytes(40),
        "X3F": b"FOVb\0\0\2\0" + bytes(40),
        "RAF": b"FUJIFILMCCD-RAW 0201" + bytes(40),
        "ORF": b"IIRO\x08\0\0\0" + bytes(40),
        "ORF of newer cameras": b"IIRS\x08\0\0\0" + bytes(40),
        "ORF of big-endian cameras": b"MMOR\0\0\0\x08" + bytes(40),
        "RW2": b"IIU\0\x18\0\0\0" + bytes(40),
    }


@pytest.mark.parametrize("name", list(raw_files()))
def test_camera_raw_is_refused_with_the_way_out(name: str) -> None:
    with pytest.raises(InputError, match="camera raw files are not supported") as caught:
        decode(raw_files()[name])
    assert caught.value.code == "picture_unsupported"
    assert "JPEG" in caught.value.hint


# ---- pixels that Pillow does not know -------------------------------------------------------------------------------

DEEP = RNG.integers(0, 65536, (37, 53, 4), np.uint16)
LAYOUTS: dict[str, dict[str, Any]] = {
    "one strip": {},
    "strips": {"rows": 7},
    "tiles": {"tile": 16},
    "deflate": {"compression": 8, "rows": 5},
    "predictor": {"compression": 8, "predictor": 2, "rows": 5},
    "tiles with predictor": {"compression": 32946, "predictor": 2, "tile": 32},
}


def rounded(pixels: np.ndarray) -> np.ndarray:
    return np.round(pixels / 257).astype(np.uint8)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_sixteen_bits_in_every_layout(order: str, planar: bool, layout: str) -> None:
    for big in (False, True):
        rgb = tiff([page(DEEP[..., :3], order, planar=planar, **LAYOUTS[layout])], order, big)
        assert shows(decode(rgb), rounded(DEEP[..., :3]))
    rgba = decode(tiff([page(DEEP, order, planar=planar, extra=[2], **LAYOUTS[layout])], order))
    assert shows(rgba, rounded(DEEP[..., :3]))
    assert rgba.alpha is not None
    np.testing.assert_allclose(rgba.alpha, rounded(DEEP[..., 3]) / 255, atol=1e-6)


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_eight_bits_in_planes(layout: str) -> None:
    assert shows(decode(tiff([page(PHOTO, planar=True, **LAYOUTS[layout])])), PHOTO)
    rgba = np.dstack([PHOTO, PHOTO[..., 0]])
    picture = decode(tiff([page(rgba, planar=True, extra=[2], **LAYOUTS[layout])]))
    assert shows(picture, PHOTO)
    assert picture.alpha is not None
    np.testing.assert_allclose(picture.alpha, PHOTO[..., 0] / 255, atol=1e-6)


@pytest.mark.parametrize("turn", range(1, 9))
def test_deep_pictures_are_turned_too(turn: int) -> None:
    stored = tiff([page(DEEP[..., :3], t274=(SHORT, [turn]), t282=(RATIONAL, [300, 1]), t283=(RATIONAL, [150, 1]))])
    upright = rounded(DEEP[..., :3])
    upright = upright if turn < 5 else upright.transpose(1, 0, 2)
    if turn in (3, 4, 7, 8):
        upright = upright[::-1]
    if turn in (2, 3, 6, 7):
        upright = upright[:, ::-1]
    picture = decode(stored)
    assert shows(picture, upright)
    assert picture.dpi == ((300, 150) if turn < 5 else (150, 300))


def test_premultiplied_deep_colours_become_straight() -> None:
    pixels = np.full((4, 4, 4), 0x4000, np.uint16)
    pixels[..., 3] = 0x8000
    picture = decode(tiff([page(pixels, extra=[1])]))
    assert np.abs(picture.pixels.astype(int) - 128).max() <= 1
    pixels[..., 3] = 0
    assert decode(tiff([page(pixels, extra=[1])])).alpha is not None


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("planar", [False, True])
def test_ink_with_alpha(depth: type, planar: bool) -> None:
    white = np.iinfo(depth).max
    ink = np.zeros((6, 8, 5), depth)
    ink[..., 1:3] = white
    ink[:, 4:, 4] = white
    picture = decode(tiff([page(ink, photometric=5, planar=planar, extra=[2])]))
    assert np.abs(picture.pixels.astype(int) - (255, 0, 0)).max() <= 4
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.alpha, np.repeat([[0, 1]], 4, 1).repeat(6, 0))


def lab_to_srgb8(lab: np.ndarray) -> np.ndarray:
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * (0.9642, 1.0, 0.8249)
    srgb = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
    light = np.clip(xyz @ np.linalg.inv(srgb).T, 0, 1)
    return np.round(255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055))


@pytest.mark.parametrize(("photometric", "shift"), [(8, 0), (9, 128)])
@pytest.mark.parametrize("depth", [8, 16])
def test_lab_of_both_encodings_and_depths(photometric: int, shift: int, depth: int) -> None:
    lab = np.stack([RNG.uniform(20, 90, (5, 7)), *RNG.uniform(-20, 20, (2, 5, 7))], axis=-1)
    stored = np.empty(lab.shape, np.uint16 if depth == 16 else np.uint8)
    white = {8: 255, 16: 65280 if photometric == 9 else 65535}[depth]
    step = 256 if depth == 16 else 1
    stored[..., 0] = np.round(lab[..., 0] / 100 * white)
    stored[..., 1:] = np.round((lab[..., 1:] + shift) * step).astype(int) % (1 << depth)
    picture = decode(tiff([page(stored, photometric=photometric)]))
    assert np.abs(picture.pixels - lab_to_srgb8(lab)).max() <= (1 if depth == 16 else 4)


# ---- what no honest program writes ----------------------------------------------------------------------------------


def peak_bytes(data: bytes) -> tuple[str, int]:
    tracemalloc.start()
    try:
        code = code_of(data)
        return code, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_tag_that_is_repeated_is_read_once() -> None:
    """Each repetition of the list of strips would be read again."""
    many = page(PHOTO, rows=1)
    many.repeated = (273, 4000)
    assert shows(decode(tiff([many])), PHOTO)
    many.repeated = (273, 60_000)
    assert code_of(tiff([many])) == "picture_corrupt"


@pytest.mark.parametrize("lists", [(273, 279), (273,), (279,)])
def test_more_strips_than_rows_are_refused_before_they_are_read(lists: tuple[int, ...]) -> None:
    hostile = page(PHOTO)
    for tag in lists:
        hostile.tags[tag] = (LONG, [8] * 300_000)
    code, peak = peak_bytes(tiff([hostile]))
    assert code == "picture_corrupt"
    assert peak < 8 << 20


def test_a_long_list_elsewhere_costs_nothing() -> None:
    hostile = page(PHOTO)
    hostile.tags[50000] = (SHORT, [7] * 1_000_000)
    assert shows(decode(tiff([hostile])), PHOTO)


@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("planar", [False, True])
def test_one_huge_tile_over_a_small_picture_is_refused(compression: int, planar: bool) -> None:
    small = page(np.zeros((64, 64, 3), np.uint8), tile=64, compression=compression, planar=planar)
    small.tags[322] = small.tags[323] = (LONG, [32768])
    code, peak = peak_bytes(tiff([small]))
    assert code == "picture_corrupt"
    assert peak < 8 << 20


def test_odd_shapes_of_directories_end_as_they_should() -> None:
    two_widths = page(PHOTO)
    two_widths.tags[256] = (LONG, [80, 80])
    channels = page(PHOTO)
    channels.tags[277] = (SHORT, [60_000])
    alone = page(np.zeros((64, 96, 2), np.uint8), planar=True, extra=[2], photometric=1)
    for hostile in (two_widths, channels, alone):
        assert code_of(tiff([hostile])) in {"picture_corrupt", "picture_unsupported"}
    assert code_of(tiff([Page({})])) == "picture_corrupt"


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("cut", [40, 400, 5000])
def test_a_deep_file_that_ends_too_early_is_called_so(planar: bool, compression: int, cut: int) -> None:
    whole = page(DEEP[..., :3], planar=planar, compression=compression)
    data = tiff([whole])
    # The pixels come first: cut out of the middle of them what is missing.
    at = struct.unpack_from("<I", data, 4)[0]
    assert code_of(data[: at - 1 if cut > at else at - cut]) == "picture_truncated"
    beyond = page(DEEP[..., :3], planar=planar, compression=compression)
    beyond.tags[273] = (LONG, [10_000_000] * len(beyond.parts))
    assert code_of(tiff([beyond])) == "picture_truncated"


@pytest.mark.parametrize("tag", [256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 322, 323, 324, 325, 338, 339])
@pytest.mark.parametrize("kind", [BYTE, SHORT, LONG, RATIONAL])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_no_value_of_any_tag_is_a_bug(tag: int, kind: int, count: int) -> None:
    for value in (0, 1, 5, 200):
        for base in (page(DEEP[..., :3], planar=True, rows=9), page(PHOTO, tile=16), page(PHOTO[..., 0])):
            base.tags[tag] = (kind, [value] * (2 * count if kind == RATIONAL else count))
            for order in "<>":
                try:
                    assert decode(tiff([base], order)).pixels.ndim == 3
                except InputError as error:
                    assert error.code.startswith("picture_")  # noqa: PT017


@pytest.mark.parametrize(("compression", "name"), [(50001, "WebP"), (34712, "JPEG 2000"), (50002, "JPEG XL")])
def test_what_a_tiff_is_compressed_with_is_named(compression: int, name: str) -> None:
    with pytest.raises(InputError, match=name) as caught:
        decode(tiff([page(PHOTO, compression=compression)]))
    assert caught.value.code == "picture_unsupported"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("layout", list(LAYOUTS))
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_grey_in_every_layout(order: str, layout: str, depth: type) -> None:
    stored = DEEP[..., :2] if depth == np.uint16 else (DEEP[..., :2] >> 8).astype(np.uint8)
    grey, alpha = (rounded(stored[..., i]) if depth == np.uint16 else stored[..., i] for i in (0, 1))
    whole = np.repeat(grey[..., None], 3, axis=-1)
    for photometric, expected in ((1, whole), (0, 255 - whole)):
        made = [page(stored[..., 0], order, photometric=photometric, **LAYOUTS[layout])]
        assert shows(decode(tiff(made, order)), expected)
        picture = decode(tiff([page(stored, order, photometric=photometric, extra=[2], **LAYOUTS[layout])], order))
        assert shows(picture, expected)
        assert picture.alpha is not None
        np.testing.assert_array_equal(np.round(picture.alpha * 255), alpha)


@pytest.mark.parametrize("extra", [(), (2,), (0, 0)])
def test_planes_of_grey_are_named(extra: tuple[int, ...]) -> None:
    for depth in (np.uint8, np.uint16):
        pixels = RNG.integers(0, 255, (8, 8, 1 + (len(extra) or 2))).astype(depth)
        stack = tiff([page(pixels, photometric=1, planar=True, extra=extra)])
        with pytest.raises(InputError, match="planes of grey") as caught:
            decode(stack)
        assert caught.value.code == "picture_unsupported"
