"""PNG files beyond the plain ones: large profiles and texts, EXIF in texts, clear levels, too many chunks."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from tress.errors import InputError
from tress.io.decode import decode, read_size
from tress.io.in_memory import from_pil

PIXELS = np.random.default_rng(2).integers(0, 256, (12, 18, 3), np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(pixels: np.ndarray, depth: int = 8, *, before: bytes = b"", after: bytes = b"", grey: bool = False) -> bytes:
    """Of ``(H, W, C)``; for depths below 8 of ``(H, W)`` levels."""
    height, width = pixels.shape[:2]
    count = 1 if pixels.ndim == 2 else pixels.shape[2]
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[count]
    if depth < 8:
        bits = (pixels[..., None] >> np.arange(depth - 1, -1, -1)) & 1
        rows = np.packbits(bits.reshape(height, -1).astype(np.uint8), axis=1)
    else:
        rows = pixels.astype(f">u{depth // 8}").reshape(height, -1).view(np.uint8)
    body = b"".join(b"\0" + row.tobytes() for row in rows)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    pixel_data = chunk(b"IDAT", zlib.compress(body))
    return b"\x89PNG\r\n\x1a\n" + head + before + pixel_data + after + chunk(b"IEND", b"")


def icc(profile: bytes) -> bytes:
    return chunk(b"iCCP", b"name\0\0" + zlib.compress(profile, 9))


def padded(profile: bytes, length: int) -> bytes:
    return struct.pack(">I", length) + profile[4:].ljust(length - 4, b"\0")


def turned_block(turn: int) -> bytes:
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, turn, 0, 0)


def raw_profile(block: bytes, name: str = "exif") -> bytes:
    digits = block.hex()
    lines = "\n".join(digits[i : i + 72] for i in range(0, len(digits), 72))
    return f"\n{name}\n{len(block):8}\n{lines}\n".encode()


@pytest.mark.parametrize("length", [1 << 20, 3 << 20])
def test_a_large_profile_is_no_damage(length: int) -> None:
    data = png(PIXELS, before=icc(padded(SRGB, length)))
    picture = decode(data)
    np.testing.assert_array_equal(picture.pixels, PIXELS)
    assert picture.warnings == ()
    jpeg = io.BytesIO()
    Image.fromarray(PIXELS).save(jpeg, "JPEG", icc_profile=padded(SRGB, length))
    opened = Image.open(jpeg)
    assert from_pil(opened, 1.0).warnings == ()


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
@pytest.mark.parametrize("place", ["before", "after"])
def test_a_large_compressed_text_is_no_damage(kind: bytes, place: str) -> None:
    packed = zlib.compress(bytes(80 << 20), 9)
    content = b"Comment\0\0" + packed if kind == b"zTXt" else b"Comment\0\1\0\0\0" + packed
    data = png(PIXELS, **{place: chunk(kind, content)})
    np.testing.assert_array_equal(decode(data).pixels, PIXELS)


def test_a_profile_or_packet_that_unpacks_without_end_is_left_out_with_a_word() -> None:
    endless = zlib.compress(bytes(200 << 20), 9)
    for bomb in (
        chunk(b"iCCP", b"name\0\0" + endless),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + endless),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + endless),
        chunk(b"iCCP", b"name\0\0no deflate"),
    ):
        picture = decode(png(PIXELS, before=bomb))
        np.testing.assert_array_equal(picture.pixels, PIXELS)
        assert len(picture.warnings) == 1
        assert "ignored" in picture.warnings[0]


@pytest.mark.parametrize("name", [b"Raw profile type exif", b"Raw profile type APP1"])
@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt"])
@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_exif_in_a_text_turns_the_picture_on_every_path(name: bytes, kind: bytes, prefix: bytes) -> None:
    text = raw_profile(prefix + turned_block(6))
    content = {b"tEXt": text, b"zTXt": b"\0" + zlib.compress(text), b"iTXt": b"\0\0\0\0" + text}[kind]
    data = png(PIXELS, before=chunk(kind, name + b"\0" + content))
    upright = np.rot90(PIXELS, -1)
    np.testing.assert_array_equal(decode(data).pixels, upright)
    np.testing.assert_array_equal(from_pil(Image.open(io.BytesIO(data)), 1.0).pixels, upright)


def test_the_paths_agree_on_orientation_in_xmp_and_in_exif() -> None:
    xmp = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b'<x tiff:Orientation="6"/>')
    for before, upright in (
        (xmp, PIXELS),
        (chunk(b"eXIf", turned_block(6)), np.rot90(PIXELS, -1)),
        (xmp + chunk(b"eXIf", turned_block(3)), PIXELS[::-1, ::-1]),
    ):
        data = png(PIXELS, before=before)
        np.testing.assert_array_equal(decode(data).pixels, upright)
        np.testing.assert_array_equal(from_pil(Image.open(io.BytesIO(data)), 1.0).pixels, upright)


def test_exif_after_the_pixels_counts_too() -> None:
    np.testing.assert_array_equal(decode(png(PIXELS, after=chunk(b"eXIf", turned_block(3)))).pixels, PIXELS[::-1, ::-1])


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_clear_level_of_grey_of_every_depth(depth: int) -> None:
    levels = np.arange(1 << min(depth, 8), dtype=np.uint16).repeat(2)[None].repeat(3, 0) * (257 if depth == 16 else 1)
    most = (1 << depth) - 1
    for key in {0, 1, most // 2, most}:
        data = png(levels, depth, before=chunk(b"tRNS", struct.pack(">H", key)))
        for picture in (decode(data), from_pil(Image.open(io.BytesIO(data)), 1.0)):
            alpha = np.ones(levels.shape, np.float32) if picture.alpha is None else picture.alpha
            np.testing.assert_array_equal(alpha, levels != key)
            np.testing.assert_array_equal(picture.pixels[..., 0], np.round(levels / most * 255))


def test_the_clear_colour_of_sixteen_bits_is_compared_with_all_of_them() -> None:
    deep = np.full((4, 6, 3), 0x1234, np.uint16)
    deep[:, 3:, 1] += 1
    picture = decode(png(deep, 16, before=chunk(b"tRNS", struct.pack(">HHH", 0x1234, 0x1234, 0x1234))))
    assert picture.alpha is not None
    np.testing.assert_array_equal(picture.alpha, np.repeat([[0, 1]], 3, 1).repeat(4, 0))
    assert picture.warnings == ()


def test_a_pil_image_of_sixteen_bits_keeps_its_clear_colour() -> None:
    deep = np.full((4, 6, 3), 0x1234, np.uint16)
    deep[:, 3:, 1] += 0x100
    data = png(deep, 16, before=chunk(b"tRNS", struct.pack(">HHH", 0x1234, 0x1234, 0x1234)))
    for picture in (decode(data), from_pil(Image.open(io.BytesIO(data)), 1.0)):
        assert picture.alpha is not None
        np.testing.assert_array_equal(picture.alpha, np.repeat([[0, 1]], 3, 1).repeat(4, 0))


def test_millions_of_chunks_are_refused() -> None:
    for place in ("before", "after"):
        with pytest.raises(InputError, match="chunks") as caught:
            decode(png(PIXELS, **{place: chunk(b"tEXt", b"") * 200_000}))
        assert caught.value.code == "picture_corrupt"
    with pytest.raises(InputError):
        read_size(png(PIXELS, before=chunk(b"prIv", b"") * 200_000))
    # A picture in the pieces that programs write has many as well.
    parts = png(PIXELS, before=chunk(b"prIv", bytes(8000)) * 12_000)
    assert decode(parts).pixels.shape == PIXELS.shape


def test_a_second_header_is_refused() -> None:
    again = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    with pytest.raises(InputError) as caught:
        decode(png(PIXELS, before=again))
    assert caught.value.code == "picture_corrupt"


def test_an_animation_shows_its_default_picture() -> None:
    frames = [Image.fromarray(PIXELS), Image.fromarray(PIXELS[::-1])]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    picture = decode(out.getvalue())
    np.testing.assert_array_equal(picture.pixels, PIXELS)
    assert "several" in picture.warnings[0]


def test_text_of_any_program_is_no_error() -> None:
    for content in (
        b"",
        b"\0",
        b"Raw profile type exif",
        b"Raw profile type exif\0",
        b"Raw profile type exif\0zz\n",
        b"XML:com.adobe.xmp\0\1\0",
        b"XML:com.adobe.xmp\0\1\0\0\0rubbish",
    ):
        for kind in (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"iCCP", b"cICP", b"acTL", b"tRNS", b"pHYs"):
            try:
                decode(png(PIXELS, before=chunk(kind, content)))
            except InputError as error:
                assert error.code.startswith("picture_")  # noqa: PT017


def test_pictures_saved_by_pillow_keep_their_dots_per_inch() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "me")
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, "PNG", dpi=(300, 300), pnginfo=info)
    dpi = decode(out.getvalue()).dpi
    assert dpi is not None
    assert np.allclose(dpi, 300, atol=0.01)
    assert from_pil(Image.open(out), 1.0).dpi == pytest.approx(dpi)


def test_a_pil_image_of_heic_with_colours_told_by_numbers() -> None:
    import pillow_heif

    pixels = np.broadcast_to(np.uint8([100, 170, 120]), (64, 64, 3)).copy()
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(out, quality=100)
    data = bytearray(out.getvalue())
    struct.pack_into(">HH", data, data.find(b"colrnclx") + 8, 12, 13)
    opened = pillow_heif.HeifImageFile(io.BytesIO(bytes(data)))
    difference = decode(bytes(data)).pixels.astype(int) - from_pil(opened, 1.0).pixels
    assert np.abs(difference).max() <= 1
    assert np.abs(decode(bytes(data)).pixels[32, 32].astype(int) - (100, 170, 120)).max() > 10


def test_a_pil_image_that_is_a_thumbnail_says_so() -> None:
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, "TIFF", tiffinfo={254: 1})
    assert "thumbnail" in from_pil(Image.open(out), 1.0).warnings[0]
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, "TIFF")
    assert from_pil(Image.open(out), 1.0).warnings == ()
