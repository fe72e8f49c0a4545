"""JPEG, GIF, AVIF and HEIC files whose containers announce one thing and hold another, or hold only themselves."""

from __future__ import annotations

import io
import struct
import tracemalloc
from collections.abc import Callable

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from tress.errors import InputError
from tress.io.decode import decode, read_size
from tress.io.in_memory import from_pil


def saved(pixels: np.ndarray, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    if kind == "heic":
        pillow_heif.from_pillow(Image.fromarray(pixels)).save(out, quality=90, **options)
    else:
        Image.fromarray(pixels).save(out, kind.upper(), **options)
    return out.getvalue()


def refused(read: Callable[[], object]) -> tuple[str, int]:
    """Code of the error, and the most memory that was taken."""
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            read()
        return caught.value.code, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


PIXELS = np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8)


# ---- JPEG -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", [decode, read_size])
def test_a_jpeg_of_empty_segments_is_refused_before_they_are_kept(read: Callable[[bytes], object]) -> None:
    good = saved(PIXELS, "jpeg")
    for marker in (b"\xfe", b"\xe5", b"\xe1", b"\xdb"):
        data = good[:2] + (b"\xff" + marker + b"\x00\x02") * 1_000_000 + good[2:]
        code, peak = refused(lambda data=data: read(data))
        assert code == "picture_corrupt"
        assert peak < 3 * len(data)


@pytest.mark.parametrize("fill", [b"\xff", b"\xff\xd0", b"\0"], ids=["fill bytes", "restarts", "zeros"])
@pytest.mark.parametrize("read", [decode, read_size])
def test_a_jpeg_of_filling_is_refused_before_it_is_passed_over(read: Callable[[bytes], object], fill: bytes) -> None:
    good = saved(PIXELS, "jpeg")
    first, rest = good[: (end := 4 + int.from_bytes(good[4:6], "big"))], good[end:]
    for fills in (fill * 200_000 + rest, fill * 200_000, (fill * 20_000 + b"\xff\xfe\0\4xx") * 10 + rest):
        with pytest.raises(InputError, match="between its segments"):
            read(first + fills)


def test_a_little_filling_in_a_jpeg_is_fine() -> None:
    good = saved(PIXELS, "jpeg")
    assert decode(good[:2] + b"\xff" * 1000 + good[2:]).pixels.shape == PIXELS.shape


@pytest.mark.parametrize(
    ("marker", "precision", "name"),
    [(0xC1, 12, "12 bits"), (0xC0, 16, "16 bits"), (0xC3, 8, "lossless"), (0xC5, 8, "hierarchical")],
)
def test_kinds_of_jpeg_that_are_not_read_are_named(marker: int, precision: int, name: str) -> None:
    data = bytearray(saved(PIXELS, "jpeg"))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = marker, precision
    with pytest.raises(InputError, match=name) as caught:
        decode(bytes(data))
    assert caught.value.code == "picture_unsupported"


# ---- GIF ------------------------------------------------------------------------------------------------------------


def gif(canvas: tuple[int, int], frame: tuple[int, int, int, int], before: bytes = b"", after: bytes = b"") -> bytes:
    """A red frame (left, top, width, height) of one colour on a canvas."""
    left, top, width, height = frame
    out = io.BytesIO()
    red = Image.new("P", (width, height), 1)
    red.putpalette([0, 200, 0, 200, 0, 0] + [0, 0, 0] * 254)
    red.save(out, "GIF")
    data = out.getvalue()
    start = data.index(struct.pack("<BHHHH", 0x2C, 0, 0, width, height))
    moved = struct.pack("<BHHHH", 0x2C, left, top, width, height) + data[start + 9 : -1]
    return data[:6] + struct.pack("<HH", *canvas) + data[10:start] + before + moved + after + b";"


@pytest.mark.parametrize("frame", [(10, 5, 20, 15), (0, 0, 40, 15), (20, 0, 20, 30)])
def test_what_the_first_frame_leaves_of_its_canvas_is_clear(frame: tuple[int, int, int, int]) -> None:
    left, top, width, height = frame
    expected = np.zeros((30, 40), bool)
    expected[top : top + height, left : left + width] = True
    data = gif((40, 30), frame)
    for picture in (decode(data), from_pil(Image.open(io.BytesIO(data)), 1.0)):
        assert picture.alpha is not None
        np.testing.assert_array_equal(picture.alpha, expected)
        assert (picture.pixels[expected] == (200, 0, 0)).all()


def test_a_whole_frame_is_opaque() -> None:
    assert decode(gif((40, 30), (0, 0, 40, 30))).alpha is None


def test_an_animated_webp_with_a_small_first_frame_is_clear_beside_it() -> None:
    out = io.BytesIO()
    frames = []
    for left in (8, 20):
        frame = Image.new("RGBA", (48, 32))
        frame.paste((200, 0, 0, 255), (left, 8, left + 12, 24))
        frames.append(frame)
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    picture = decode(out.getvalue())
    assert picture.alpha is not None
    assert picture.alpha[0, 0] == 0
    assert picture.alpha[16, 10] == 1


@pytest.mark.parametrize("read", [decode, read_size])
@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("block", [b"!\xfe\0", b"!\xfe\1x\0", b"!\xff\0", b"\x07"])
def test_a_gif_of_comments_is_refused(read: Callable[[bytes], object], place: str, block: bytes) -> None:
    data = gif((40, 30), (0, 0, 40, 30), **{place: block * 500_000})
    code, peak = refused(lambda: read(data))
    assert code == "picture_corrupt"
    assert peak < 3 << 20
    long = gif((40, 30), (0, 0, 40, 30), **{place: b"!\xfe" + b"\1x" * 500_000 + b"\0"})
    assert refused(lambda: read(long))[0] == "picture_corrupt"


def test_a_frame_that_enlarges_its_canvas_counts_against_the_limit() -> None:
    data = bytearray(gif((1, 1), (0, 0, 40, 30)))
    at = data.index(struct.pack("<BHHHH", 0x2C, 0, 0, 40, 30))
    struct.pack_into("<HHHH", data, at + 1, 0, 0, 60_000, 60_000)
    assert read_size(bytes(data)) == (60_000, 60_000)
    code, peak = refused(lambda: decode(bytes(data)))
    assert code == "picture_too_large"
    assert peak < 1 << 20


# ---- AVIF and HEIC --------------------------------------------------------------------------------------------------


def boxes(data: bytes | bytearray, start: int, end: int) -> dict[bytes, tuple[int, int]]:
    """Kind to start and end of the boxes in a stretch."""
    found = {}
    while start + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, start)
        found.setdefault(kind, (start, start + length))
        start += length
    return found


def inside(data: bytes | bytearray, *path: bytes) -> tuple[int, int]:
    start, end = 0, len(data)
    for kind in path:
        start, end = boxes(data, start, end)[kind]
        start += 12 if kind == b"meta" else 8
    return start, end


def with_size(data: bytes, width: int, height: int) -> bytes:
    """Another size in every ``ispe``."""
    patched, at = bytearray(data), data.find(b"ispe")
    while at >= 0:
        struct.pack_into(">II", patched, at + 8, width, height)
        at = data.find(b"ispe", at + 4)
    return bytes(patched)


def with_property(data: bytes, kind: bytes, content: bytes) -> bytes:
    """A property more for the first item of an AVIF or HEIC file whose pixels come after its description."""
    box = struct.pack(">I4s", len(content) + 8, kind) + content
    out = bytearray(data)
    for path in ((b"meta",), (b"meta", b"iprp"), (b"meta", b"iprp", b"ipco"), (b"meta", b"iprp", b"ipma")):
        start, end = inside(data, *path)
        head = start - (12 if path == (b"meta",) else 8)
        grown = {b"ipco": len(box), b"ipma": 1}.get(path[-1], len(box) + 1)
        struct.pack_into(">I", out, head, end - head + grown)
    count = len(boxes(data, *inside(data, b"meta", b"iprp", b"ipco")).items())
    at, end = inside(data, b"meta", b"iprp", b"ipco")
    total = 0
    while at < end:
        at += struct.unpack_from(">I", data, at)[0]
        total += 1
    assert total >= count
    place, _ = inside(data, b"meta", b"iloc")
    assert data[place] in (0, 1)
    assert data[place + 4] == 0x44
    items = struct.unpack_from(">H", data, place + 6)[0]
    at = place + 8
    for _ in range(items):
        at += 2 + (2 if data[place] else 0) + 2 + (data[place + 5] >> 4)
        extents = struct.unpack_from(">H", data, at)[0]
        at += 2
        for _ in range(extents):
            struct.pack_into(">I", out, at, struct.unpack_from(">I", data, at)[0] + len(box) + 1)
            at += 8
    links, _ = inside(data, b"meta", b"iprp", b"ipma")
    own = links + 8 + 2
    after = own + 1 + data[own]
    out[own] += 1
    out[after:after] = bytes([0x80 | (total + 1)])
    _, ipco_end = inside(data, b"meta", b"iprp", b"ipco")
    out[ipco_end:ipco_end] = box
    return bytes(out)


def clap(width: int, height: int, right: tuple[int, int], down: tuple[int, int]) -> bytes:
    return struct.pack(">IIIIiIiI", width, 1, height, 1, *right, *down)


def quarters(height: int = 96, width: int = 128) -> np.ndarray:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (220, 30, 30)
    pixels[height // 2 :, width // 2 :] = (30, 30, 220)
    return pixels


@pytest.mark.parametrize("kind", ["avif", "heic"])
def test_a_clean_aperture_is_what_is_shown(kind: str) -> None:
    plain = saved(quarters(), kind, **({"quality": 95} if kind == "avif" else {}))
    # 64 wide and 48 high; the centre lies 32 right of and 24 below the picture's: the blue quarter.
    picture = decode(with_property(plain, b"clap", clap(64, 48, (32, 1), (24, 1))))
    assert picture.pixels.shape == (48, 64, 3)
    assert np.abs(picture.pixels[4:-4, 4:-4].astype(int) - (30, 30, 220)).max() < 25
    left = decode(with_property(plain, b"clap", clap(64, 48, (-64, 2), (-48, 2))))
    assert np.abs(left.pixels[4:-4, 4:-4].astype(int) - (220, 30, 30)).max() < 25


def test_a_clean_aperture_is_cut_before_the_picture_is_turned() -> None:
    plain = saved(quarters(), "avif", quality=95)
    turned = with_property(with_property(plain, b"clap", clap(64, 40, (32, 1), (24, 1))), b"irot", b"\x01")
    picture = decode(turned)
    assert picture.pixels.shape == (64, 40, 3)
    assert np.abs(picture.pixels[4:-4, 4:-4].astype(int) - (30, 30, 220)).max() < 25


@pytest.mark.parametrize("kind", ["avif", "heic"])
@pytest.mark.parametrize("read", [decode, read_size])
def test_a_small_size_over_a_large_stream_is_refused(kind: str, read: Callable[[bytes], object]) -> None:
    large = saved(np.zeros((3000, 2000, 3), np.uint8), kind)
    assert decode(large).pixels.shape == (3000, 2000, 3)
    code, peak = refused(lambda: read(with_size(large, 64, 64)))
    assert code == "picture_corrupt"
    assert peak < 8 << 20


def test_a_sequence_whose_track_is_larger_than_it_says_is_refused() -> None:
    frames = [Image.new("RGB", (2000, 1500), (level, 0, 0)) for level in (10, 200)]
    out = io.BytesIO()
    frames[0].save(out, "AVIF", save_all=True, append_images=frames[1:], speed=10)
    data = bytearray(out.getvalue())
    assert data[8:12] == b"avis"
    assert decode(bytes(data)).pixels.shape == (1500, 2000, 3)
    start, end = inside(data, b"moov", b"trak", b"tkhd")
    struct.pack_into(">II", data, end - 8, 64 << 16, 64 << 16)
    for read in (decode, read_size):
        assert refused(lambda read=read: read(bytes(data)))[0] == "picture_corrupt"
    entry = data.index(b"av01", start) + 4 + 24
    struct.pack_into(">HH", data, entry, 64, 64)
    patched = with_size(bytes(data), 64, 64)
    assert refused(lambda: decode(patched))[0] == "picture_corrupt"


@pytest.mark.parametrize("kind", ["avif", "heic"])
def test_honest_sizes_pass(kind: str) -> None:
    for shape in ((48, 64), (97, 131), (1080, 1920)):
        pixels = np.full((*shape, 4), 90, np.uint8)
        pixels[: shape[0] // 2, :, 3] = 0
        assert decode(saved(pixels, kind)).pixels.shape[:2] == shape


def full_box(kind: bytes, version: int, content: bytes) -> bytes:
    return struct.pack(">I4sI", len(content) + 12, kind, version << 24) + content


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def avif_grid(tile: bytes, tile_side: int, rows: int, columns: int, announced: tuple[int, int]) -> bytes:
    """A grid whose tiles all have the same data; ``tile`` is an AVIF file."""
    tiles = range(2, 2 + rows * columns)
    config_at, config_end = boxes(tile, *inside(tile, b"meta", b"iprp", b"ipco"))[b"av1C"]
    config = tile[config_at:config_end]
    mdat_at, mdat_end = inside(tile, b"mdat")
    stream = tile[mdat_at:mdat_end]
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *announced)
    kinds = full_box(b"infe", 2, struct.pack(">HH4s", 1, 0, b"grid") + b"\0")
    kinds += b"".join(full_box(b"infe", 2, struct.pack(">HH4s", n, 0, b"av01") + b"\0") for n in tiles)
    ispe = full_box(b"ispe", 0, struct.pack(">II", *announced))
    tile_ispe = full_box(b"ispe", 0, struct.pack(">II", tile_side, tile_side))
    pixi = full_box(b"pixi", 0, b"\x03\x08\x08\x08")
    properties = box(b"ipco", ispe + tile_ispe + config + pixi)
    links = struct.pack(">I", 1 + len(tiles)) + struct.pack(">HB2B", 1, 2, 1, 4)
    links += b"".join(struct.pack(">HB3B", n, 3, 2, 0x83, 4) for n in tiles)
    parts = struct.pack(f">HH{len(tiles)}H", 1, len(tiles), *tiles)

    def meta(at: int) -> bytes:
        places = struct.pack(">BBH", 0x44, 0, 1 + len(tiles)) + struct.pack(">HHHHII", 1, 1, 0, 1, 0, len(grid))
        places += b"".join(struct.pack(">HHHHII", n, 0, 0, 1, at, len(stream)) for n in tiles)
        return full_box(
            b"meta",
            0,
            full_box(b"hdlr", 0, bytes(4) + b"pict" + bytes(13))
            + full_box(b"pitm", 0, struct.pack(">H", 1))
            + full_box(b"iloc", 1, places)
            + full_box(b"iinf", 0, struct.pack(">H", 1 + len(tiles)) + kinds)
            + full_box(b"iref", 0, box(b"dimg", parts))
            + box(b"iprp", properties + full_box(b"ipma", 0, links))
            + box(b"idat", grid),
        )

    head = box(b"ftyp", b"avif\0\0\0\0avifmif1miaf")
    at = len(head) + len(meta(0)) + 8
    return head + meta(at) + box(b"mdat", stream)


def test_a_grid_that_is_far_larger_than_it_says_is_refused() -> None:
    tile = saved(np.full((512, 512, 3), 120, np.uint8), "avif")
    honest = decode(avif_grid(tile, 512, 2, 2, (1000, 1000)))
    assert honest.pixels.shape == (1000, 1000, 3)
    for rows, announced in ((16, (64, 64)), (64, (600, 600))):
        code, _ = refused(lambda rows=rows, announced=announced: decode(avif_grid(tile, 512, rows, rows, announced)))
        assert code == "picture_corrupt"
    small = saved(np.full((2600, 2600, 3), 120, np.uint8), "avif")
    assert refused(lambda: decode(avif_grid(small, 64, 1, 1, (64, 64))))[0] == "picture_corrupt"


def test_metadata_that_is_shared_by_hundreds_of_pictures_is_refused() -> None:
    exif = b"Exif\0\0II*\0" + bytes(600_000)
    data = saved(PIXELS, "heic", exif=exif)
    start, end = inside(data, b"meta", b"iref")
    number = struct.unpack_from(">H", data, start + 4 + 8)[0]
    links = box(b"cdsc", struct.pack(">HH", number, 900) + struct.pack(">H", 1) * 900)
    grown = len(links)
    out = bytearray(data)
    struct.pack_into(">I", out, start - 8, end - start + 8 + grown)
    meta_start, meta_end = inside(data, b"meta")
    struct.pack_into(">I", out, meta_start - 12, meta_end - meta_start + 12 + grown)
    out[end:end] = links
    code, peak = refused(lambda: decode(bytes(out)))
    assert code == "picture_corrupt"
    assert peak < 16 << 20


@pytest.mark.parametrize("kind", ["avif", "heic"])
@pytest.mark.parametrize("seed", range(40))
def test_a_torn_description_is_never_a_bug(kind: str, seed: int) -> None:
    data = bytearray(saved(PIXELS, kind))
    rng = np.random.default_rng(seed)
    start, end = inside(data, b"meta")
    for at in rng.integers(start, end, 6):
        data[at] = int(rng.choice([0, 1, 2, 0x7F, 0x80, 0xFF]))
    for read in (decode, read_size):
        try:
            read(bytes(data))
        except InputError as error:
            assert error.code.startswith("picture_") or error.code == "out_of_memory"  # noqa: PT017
