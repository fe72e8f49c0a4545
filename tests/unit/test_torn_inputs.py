"""Malformed and odd files: each decodes to the right picture or gives InputError with a stable code, nothing else."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from tress.errors import InputError
from tress.io.decode import Picture, decode

FORMATS = ("jpeg", "png", "webp", "tiff", "bmp", "gif", "avif", "heic")
LEFT, RIGHT = (210, 60, 40), (40, 90, 200)


def two_halves(height: int = 48, width: int = 64) -> np.ndarray:
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:, : width // 2], pixels[:, width // 2 :] = LEFT, RIGHT
    return pixels


def noise(height: int = 96, width: int = 128) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)


def saved(pixels: np.ndarray | Image.Image, kind: str, **options: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    out = io.BytesIO()
    if kind == "heic":
        pillow_heif.from_pillow(image).save(out, quality=95, **options)
    else:
        if kind == "jpeg":
            options = {"quality": 95, "subsampling": 0, **options}
        image.save(out, kind.upper(), **options)
    return out.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, depth: int, colour: int, body: bytes, *extra: bytes, interlace: int = 0) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def jpeg_sized(data: bytes, height: int, width: int) -> bytes:
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def tiff(entries: list[tuple[int, int, int, int]], tail: bytes = b"", following: int = 0) -> bytes:
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", following) + tail


def plain_tiff(
    width: int, height: int, *, following: int = 0, extra: tuple[tuple[int, int, int, int], ...] = ()
) -> bytes:
    """Grey, 8 bits, uncompressed; the pixels of a 4x4 picture."""
    count = 9 + len(extra)
    strip = 8 + 2 + 12 * count + 4
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, strip),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, width * height),
        *extra,
    ]
    return tiff(entries, bytes(range(16)), following)


def exif_segment(block: bytes) -> bytes:
    content = b"Exif\0\0" + block
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def with_exif(block: bytes) -> bytes:
    data = saved(two_halves(), "jpeg")
    return data[:2] + exif_segment(block) + data[2:]


def error_code(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        decode(data)
    assert caught.value.message
    return caught.value.code


def looks_like_two_halves(picture: Picture, tolerance: int = 12) -> bool:
    width = picture.pixels.shape[1]
    left, right = picture.pixels[:, : width // 2 - 4], picture.pixels[:, width // 2 + 4 :]
    return all(np.abs(part.astype(int) - colour).max() <= tolerance for part, colour in ((left, LEFT), (right, RIGHT)))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("part", [0.02, 0.4, 0.9])
def test_a_truncated_file_is_called_truncated(kind: str, part: float) -> None:
    data = saved(noise(), kind)
    assert error_code(data[: max(16, int(len(data) * part))]) == "picture_truncated"


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("seed", range(3))
def test_flipped_bytes_never_give_another_exception(kind: str, seed: int) -> None:
    data = bytearray(saved(noise(), kind))
    rng = np.random.default_rng(seed)
    for at in rng.integers(12, len(data), 25):
        data[at] ^= int(rng.integers(1, 256))
    shape, code = (0, 0, 3), "picture_"
    try:
        shape = decode(bytes(data), max_megapixels=1).pixels.shape
    except InputError as error:
        code = error.code
    assert shape[2] == 3
    assert code.startswith("picture_")


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "heic"])  # its encoder makes no such pictures
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 10_000), (10_000, 1)])
def test_extreme_shapes_work(kind: str, height: int, width: int) -> None:
    picture = decode(saved(np.full((height, width, 3), 200, np.uint8), kind))
    assert picture.pixels.shape == (height, width, 3)
    assert np.abs(picture.pixels.astype(int) - 200).max() <= 6


def not_pictures() -> Iterator[tuple[str, bytes, str]]:
    jpeg, gif, bmp = (saved(two_halves(), kind) for kind in ("jpeg", "gif", "bmp"))
    yield "empty", b"", "file_empty"
    yield "one byte", b"\xff", "not_a_picture"
    yield "text", b"hello, I am a text file\n" * 20, "not_a_picture"
    yield "a web page", b"<!doctype html><html></html>", "not_a_picture"
    yield "random", np.random.default_rng(1).bytes(5000), "not_a_picture"
    yield "zeros", bytes(4096), "not_a_picture"
    yield "PDF", b"%PDF-1.7\n", "picture_unsupported"
    yield "SVG", b'<?xml version="1.0"?>\n<svg xmlns="..."/>', "picture_unsupported"
    yield "Photoshop", b"8BPS\0\1" + bytes(20), "picture_unsupported"
    yield "video", b"\0\0\0\x18ftypisom" + bytes(40), "picture_unsupported"
    yield "PNG signature only", b"\x89PNG\r\n\x1a\n", "picture_truncated"
    yield "JPEG start only", b"\xff\xd8\xff", "picture_truncated"
    yield "PNG 200,000 x 200,000", png(200_000, 200_000, 8, 2, b""), "picture_too_large"
    yield "JPEG 65,500 x 65,500", jpeg_sized(jpeg, 65500, 65500), "picture_too_large"
    yield "GIF 65,535 x 65,535", gif[:6] + struct.pack("<HH", 65535, 65535) + gif[10:], "picture_too_large"
    yield "BMP 60,000 x 60,000", bmp[:18] + struct.pack("<ii", 60000, 60000) + bmp[26:], "picture_too_large"
    yield "TIFF 60,000 x 60,000", plain_tiff(60_000, 60_000), "picture_too_large"
    size = struct.pack("<I", 16382)[:3] * 2
    yield "WebP 16,383 x 16,383", webp_with_canvas(size), "picture_too_large"
    lossy = bytearray(saved(two_halves(), "webp"))
    lossy[26:30] = b"\xff\x3f\xff\x3f"
    yield "lossy WebP 16,383 x 16,383", bytes(lossy), "picture_too_large"
    lossless = bytearray(saved(two_halves(), "webp", lossless=True))
    lossless[21:25] = b"\xff\xff\xff\x0f"
    yield "lossless WebP 16,384 x 16,384", bytes(lossless), "picture_too_large"
    yield "PNG of width 0", png(0, 5, 8, 2, b""), "picture_zero_sized"
    yield "JPEG of height 0", jpeg_sized(jpeg, 0, 64), "picture_zero_sized"
    frame = gif.index(struct.pack("<BHHHH", 0x2C, 0, 0, 64, 48))
    thin = gif[: frame + 5] + b"\0\0" + gif[frame + 7 :]
    yield "GIF of width 0", thin[:6] + struct.pack("<HH", 0, 48) + thin[10:], "picture_zero_sized"
    yield "BMP of height 0", bmp[:18] + struct.pack("<ii", 64, 0) + bmp[26:], "picture_zero_sized"
    good = saved(two_halves(), "png")
    yield "PNG with a wrong IHDR checksum", good[:29] + b"\0\0\0\0" + good[33:], "picture_corrupt"
    yield "PNG with broken deflate data", good.replace(good[41:60], bytes(19)), "picture_corrupt"
    yield "JPEG without its end marker", jpeg[:-2], "picture_truncated"
    yield "TIFF without tags", tiff([]), "picture_corrupt"
    yield "TIFF with 3 float channels", float_rgb_tiff(), "picture_unsupported"
    yield "TIFF of 32-bit integers", saved(Image.new("I", (4, 4), 70000), "tiff"), "picture_unsupported"
    yield "float TIFF beyond 1", saved(Image.fromarray(np.full((4, 4), 3.5, np.float32)), "tiff"), "picture_range"
    yield "float TIFF with NaN", saved(Image.fromarray(np.full((4, 4), np.nan, np.float32)), "tiff"), "picture_range"
    yield "TIFF whose pixels lie beyond its end", plain_tiff(9, 9), "picture_truncated"


def webp_with_canvas(size: bytes) -> bytes:
    inner = saved(two_halves(), "webp")[12:]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + size + inner
    return b"RIFF" + struct.pack("<I", len(body)) + body


def float_rgb_tiff() -> bytes:
    done, data = cv2.imencode(".tiff", np.zeros((4, 4, 3), np.float32))
    assert done
    return data.tobytes()


@pytest.mark.parametrize(("data", "code"), [pytest.param(*case[1:], id=case[0]) for case in not_pictures()])
def test_what_cannot_be_read_says_why(data: bytes, code: str) -> None:
    assert error_code(data) == code


Check = Callable[[Picture], bool]


def has_two_halves(picture: Picture) -> bool:
    return picture.pixels.shape == (48, 64, 3) and picture.alpha is None and looks_like_two_halves(picture)


def warns_and_has_two_halves(picture: Picture) -> bool:
    return len(picture.warnings) == 1 and has_two_halves(picture)


def has_two_halves_in_any_case(picture: Picture) -> bool:
    return picture.pixels.shape == (48, 64, 3) and looks_like_two_halves(picture)


def right_half_is_clear(picture: Picture) -> bool:
    alpha = picture.alpha
    return alpha is not None and (alpha[:, :32] == 1).all() and (alpha[:, 32:] == 0).all()


def odd_pictures() -> Iterator[tuple[str, bytes, Check]]:
    halves, image = two_halves(), Image.fromarray(two_halves())
    deep = halves.astype(np.uint16) * 257
    jpeg = saved(halves, "jpeg")
    yield "progressive JPEG", saved(halves, "jpeg", progressive=True), has_two_halves
    yield "JPEG with trailing garbage", jpeg + b"garbage" * 100, has_two_halves
    gif = saved(image, "gif")
    yield "GIF whose canvas is smaller than its frame", gif[:6] + bytes(4) + gif[10:], has_two_halves
    yield "JPEG with random EXIF", with_exif(np.random.default_rng(3).bytes(200)), warns_and_has_two_halves
    yield "JPEG with empty EXIF", with_exif(b""), warns_and_has_two_halves
    yield "JPEG with EXIF cut after its header", with_exif(b"II*\0\x08\0\0\0"), has_two_halves
    yield "JPEG with EXIF pointing at itself", with_exif(b"MM\0*\0\0\0\x08\0\0\0\0\0\x08"), has_two_halves
    loop = tiff([(0x112, 3, 1, 1)], following=8)
    yield "JPEG with looping EXIF", with_exif(loop), has_two_halves
    yield "JPEG with EXIF orientation 9", with_exif(tiff([(0x112, 3, 1, 9)])), has_two_halves
    yield "JPEG with EXIF far beyond its end", with_exif(b"II*\0\xff\xff\xff\xff"), has_two_halves
    yield "broken ICC profile", saved(halves, "jpeg", icc_profile=b"not a profile" * 20), warns_and_has_two_halves
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    yield "ICC profile of another colour space", saved(halves, "png", icc_profile=lab), warns_and_has_two_halves
    yield "16-bit RGB PNG", cv_png(deep[..., ::-1]), has_two_halves
    clear = np.zeros((48, 64), np.uint16)
    clear[:, :32] = 65535
    yield "16-bit RGBA PNG", cv_png(np.dstack([deep[..., ::-1], clear])), right_half_is_clear
    yield "16-bit grey PNG", saved(Image.fromarray(np.full((4, 4), 0x8000, np.uint16)), "png"), is_grey(128)
    yield "16-bit grey TIFF", saved(Image.fromarray(np.full((4, 4), 0xFFFF, np.uint16)), "tiff"), is_grey(255)
    yield "16-bit RGB TIFF", cv2.imencode(".tiff", deep[..., ::-1])[1].tobytes(), has_two_halves
    yield "float TIFF in [0, 1]", saved(Image.fromarray(np.full((4, 4), 0.5, np.float32)), "tiff"), is_grey(128)
    yield "interlaced PNG", interlaced_png(halves), has_two_halves
    yield "palette PNG", saved(image.quantize(8), "png"), has_two_halves
    palette = image.quantize(2)
    key = palette.getpixel((60, 5))
    yield "palette PNG with a clear colour", saved(palette, "png", transparency=key), right_half_is_clear
    steps = bytes(0 if i == key else 255 for i in range(2))
    yield "palette PNG with tRNS", saved(palette, "png", transparency=steps), right_half_is_clear
    yield "RGB PNG with a clear colour", saved(image, "png", transparency=RIGHT), right_half_is_clear
    grey = Image.fromarray(np.repeat(np.uint8([[10, 200]]), 32, axis=1).repeat(48, axis=0))
    yield "grey PNG with a clear colour", saved(grey, "png", transparency=200), right_half_is_clear
    grey16 = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    deep_key = chunk(b"tRNS", struct.pack(">H", 200 * 257))
    data = saved(grey16, "png")
    yield "16-bit grey PNG with a clear colour", data[:33] + deep_key + data[33:], right_half_is_clear
    both = grey.copy()
    both.putalpha(Image.fromarray((clear >> 8).astype(np.uint8)))
    yield "grey PNG with alpha", saved(both, "png"), right_half_is_clear
    yield "1-bit PNG", saved(Image.new("1", (4, 4), 1), "png"), is_grey(255)
    yield "1-bit TIFF", saved(Image.new("1", (4, 4), 1), "tiff", compression="group4"), is_grey(255)
    other = Image.new("RGB", (64, 48), (0, 255, 0))
    for kind in ("gif", "webp", "png", "tiff"):
        frames = {"save_all": True, "append_images": [other]}
        data = saved(image, kind, **frames, **({"lossless": True} if kind == "webp" else {}))
        yield f"{kind} with two frames or pages", data, warns_and_has_two_halves
        yield f"{kind} whose second frame is torn", data[:-40] + bytes(40), has_two_halves_in_any_case
    yield "GIF with a clear colour", saved(palette, "gif", transparency=key), right_half_is_clear
    yield "TIFF whose directory list loops", plain_tiff(4, 4, following=8), lambda p: p.pixels[3, 3, 0] == 15
    yield "PNG named as JPEG elsewhere", saved(halves, "png"), lambda p: p.format == "png" and has_two_halves(p)
    yield "JPEG preceded by an embedded second picture", saved(image, "mpo"), has_two_halves
    yield "BMP with 8-bit palette", saved(image.quantize(4), "bmp"), has_two_halves
    yield "PNG without IEND", saved(halves, "png")[:-12], has_two_halves


def cv_png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def is_grey(level: int) -> Check:
    return lambda picture: picture.pixels.shape == (4, 4, 3) and bool((picture.pixels == level).all())


def interlaced_png(pixels: np.ndarray) -> bytes:
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    rows = (row for y, x, dy, dx in passes for row in pixels[y::dy, x::dx])
    body = b"".join(b"\0" + row.tobytes() for row in rows)
    return png(pixels.shape[1], pixels.shape[0], 8, 2, body, interlace=1)


@pytest.mark.parametrize(("data", "check"), [pytest.param(*case[1:], id=case[0]) for case in odd_pictures()])
def test_odd_pictures_decode_to_what_they_show(data: bytes, check: Check) -> None:
    assert check(decode(data))


def test_cmyk_polarity_is_that_of_browsers_with_and_without_the_adobe_marker() -> None:
    ink = Image.new("CMYK", (32, 32), (0, 255, 255, 0))  # red
    data = saved(ink, "jpeg")
    at = data.index(b"\xff\xee")
    bare = data[:at] + data[at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0] :]
    assert b"Adobe" in data
    assert b"Adobe" not in bare
    for version in (data, bare):
        picture = decode(version)
        assert np.abs(picture.pixels.astype(int) - (255, 0, 0)).max() <= 4
        assert "approximate" in picture.warnings[0]


def test_a_decompression_bomb_is_refused_before_its_pixels_are_made() -> None:
    rows = 1 + 30_000 * 3
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(rows)) for _ in range(200)) + packer.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    assert error_code(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", body)) == "picture_too_large"


def with_scans(data: bytes, count: int) -> bytes:
    """A progressive JPEG whose last scan is repeated until there are so many."""
    starts = [match.start() for match in re.finditer(rb"\xff\xda", data)]
    last = data[starts[-1] : -2]
    return data[:-2] + last * (count - len(starts)) + data[-2:]


def test_a_jpeg_that_repeats_its_scans_is_refused_before_it_is_decoded() -> None:
    good = saved(two_halves(), "jpeg", progressive=True)
    assert np.array_equal(decode(with_scans(good, 100)).pixels, decode(good).pixels)
    with pytest.raises(InputError, match="more than 100 scans") as caught:
        decode(with_scans(good, 150))
    assert caught.value.code == "picture_corrupt"


def test_a_jpeg_of_empty_segments_is_refused() -> None:
    good = saved(two_halves(), "jpeg")
    with pytest.raises(InputError, match="10000 segments"):
        decode(good[:2] + b"\xff\xfe\x00\x02" * 20_000 + good[2:])


@pytest.mark.parametrize("quality", [5, 50, 100])
@pytest.mark.parametrize("options", [{}, {"restart_marker_blocks": 1}])
def test_ordinary_progressive_jpegs_are_decoded(quality: int, options: dict[str, int]) -> None:
    progressive = decode(saved(noise(), "jpeg", quality=quality, progressive=True, **options))
    baseline = decode(saved(noise(), "jpeg", quality=quality, **options))
    assert np.array_equal(progressive.pixels, baseline.pixels)


def test_what_looks_like_scans_inside_a_thumbnail_does_not_count() -> None:
    thumbnail = b"\xff\xe1" + struct.pack(">H", 602) + b"\xff\xda" * 300
    good = saved(two_halves(), "jpeg", progressive=True)
    assert decode(good[:2] + thumbnail + good[2:]).format == "jpeg"
