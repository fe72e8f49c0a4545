from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tress.errors import InputError
from tress.io import exif
from tress.io.decode import decode
from tress.io.encode import FORMATS, encode, extension, format_for
from tress.io.exif import Metadata

SECRET = (250, 3, 180)


def cutout() -> np.ndarray:
    """Left half subject, right half removed background, a soft column between."""
    rgba = np.empty((32, 64, 4), np.uint8)
    rgba[:] = (*SECRET, 0)
    rgba[:, :32] = (30, 90, 60, 255)
    rgba[:, 32] = (30, 90, 60, 128)
    return rgba


def pillow(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("name", [name for name, entry in FORMATS.items() if entry.has_alpha])
def test_nothing_of_the_removed_background_is_in_the_file(name: str) -> None:
    given = cutout()
    pixels = np.asarray(pillow(encode(given, name)))
    hidden = pixels[:, 44:, :3].astype(int)
    assert np.abs(hidden - SECRET).max(axis=2).min() > 100
    np.testing.assert_array_equal(given, cutout())


@pytest.mark.parametrize("shape", [(1100, 600), (1, 660_000)])
def test_a_single_hidden_pixel_of_a_large_picture_is_found(shape: tuple[int, int]) -> None:
    rgba = np.zeros((*shape, 4), np.uint8)
    for channel, place in enumerate([(0, 0), (shape[0] // 2, shape[1] // 2), (-1, -1)]):
        given = rgba.copy()
        given[place][channel] = 1
        np.testing.assert_array_equal(np.asarray(pillow(encode(given, "png"))), rgba)
        given[place][3] = 1
        np.testing.assert_array_equal(np.asarray(pillow(encode(given, "png"))), given)


@pytest.mark.parametrize(("name", "lossless"), [("png", None), ("tiff", None), ("webp", True)])
def test_lossless_formats_keep_every_visible_pixel(name: str, lossless: bool | None) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 4), np.uint8)
    pixels[..., 3] |= 1
    np.testing.assert_array_equal(np.asarray(pillow(encode(pixels, name, lossless=lossless))), pixels)


@pytest.mark.parametrize("name", ["webp", "avif"])
def test_lossy_formats_keep_alpha_and_colours_closely(name: str) -> None:
    picture = decode(encode(cutout(), name))
    assert picture.alpha is not None
    assert np.abs(picture.alpha - cutout()[..., 3] / 255).max() < 0.05
    assert np.abs(picture.pixels[:, :28].astype(int) - (30, 90, 60)).max() <= 8


@pytest.mark.parametrize("name", FORMATS)
def test_pictures_say_that_they_are_srgb(name: str) -> None:
    image = pillow(encode(cutout()[..., :3], name))
    assert image.info.get("srgb") is not None or len(image.info["icc_profile"]) < 1000


@pytest.mark.parametrize("name", FORMATS)
def test_masks_are_one_channel_where_the_format_can(name: str) -> None:
    mask = np.tile(np.arange(0, 256, 8, np.uint8), (16, 1))
    image = pillow(encode(mask, name))
    assert image.mode == "L" or name in ("webp", "avif")  # some versions of the AVIF decoder give RGB
    assert np.abs(np.asarray(image.convert("L")).astype(int) - mask).max() <= 6


@pytest.mark.parametrize("name", FORMATS)
def test_dots_per_inch_are_kept(name: str) -> None:
    read = decode(encode(cutout()[..., :3], name, dpi=(300, 150))).dpi
    assert read is not None
    np.testing.assert_allclose(read, (300, 150), rtol=1e-4)


@pytest.mark.parametrize("name", FORMATS)
def test_metadata_is_kept_on_request_and_upright(name: str) -> None:
    block = Image.Exif()
    block[exif._ORIENTATION] = 6
    block[0x010F] = "Maker"
    metadata = Metadata(b"Exif\0\0" + block.tobytes().removeprefix(b"Exif\0\0"), b'<x tiff:Orientation="6"/>')
    data = encode(cutout()[..., :3], name, metadata=metadata)
    image = pillow(data)
    assert image.size == (64, 32)
    assert image.getexif()[0x010F] == "Maker"
    assert image.getexif().get(exif._ORIENTATION, 1) == 1
    picture = decode(data)
    assert picture.metadata.xmp == b'<x tiff:Orientation="1"/>'
    assert picture.pixels.shape == (32, 64, 3)
    assert exif.descriptive_tags(picture.metadata.exif) == {0x010F: "Maker"}
    bare = pillow(encode(cutout()[..., :3], name))
    assert 0x010F not in bare.getexif()


def code_of(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(InputError) as caught:
        encode(*args, **kwargs)
    return caught.value.code


def test_a_transparent_jpeg_is_refused_with_a_way_out() -> None:
    with pytest.raises(InputError, match="--background") as caught:
        encode(cutout(), "jpg")
    assert caught.value.code == "jpeg_has_no_alpha"


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("bmp", {}, "format_unknown"),
        ("jpeg", {"quality": 0}, "quality_range"),
        ("jpeg", {"quality": 101}, "quality_range"),
        ("png", {"quality": 80}, "quality_not_applicable"),
        ("webp", {"quality": 80, "lossless": True}, "quality_not_applicable"),
        ("jpeg", {"lossless": True}, "format_is_lossy"),
        ("avif", {"lossless": True}, "format_is_lossy"),
        ("png", {"lossless": False}, "format_is_lossless"),
    ],
)
def test_contradictions_are_errors(name: str, options: dict[str, Any], code: str) -> None:
    assert code_of(cutout()[..., :3], name, **options) == code


@pytest.mark.parametrize(
    ("pixels", "code"),
    [
        (np.zeros((4, 4), np.float32), "array_type"),
        ("picture", "array_type"),
        (np.zeros((4, 4, 2), np.uint8), "array_shape"),
        (np.zeros((0, 4, 3), np.uint8), "array_empty"),
    ],
)
def test_wrong_arrays(pixels: Any, code: str) -> None:
    assert code_of(pixels, "png") == code


@pytest.mark.parametrize(("name", "side_px"), [("webp", 16384), ("jpeg", 65501), ("avif", 32769)])
def test_sides_that_a_format_cannot_have(name: str, side_px: int) -> None:
    assert code_of(np.zeros((1, side_px), np.uint8), name) == "picture_too_large_for_format"
    assert decode(encode(np.zeros((1, side_px), np.uint8), "png")).pixels.shape[1] == side_px


def test_metadata_that_does_not_fit_a_jpeg() -> None:
    large = b"II*\0" + struct.pack("<IHI", 8, 0, 0) + bytes(70_000)
    assert code_of(cutout()[..., :3], "jpeg", metadata=Metadata(exif=large)) == "metadata_too_large"


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (500, 1, 3)])
def test_thin_pictures(name: str, shape: tuple[int, int, int]) -> None:
    assert decode(encode(np.full(shape, 120, np.uint8), name)).pixels.shape == shape


def test_arrays_need_not_be_contiguous() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 4), np.uint8)
    pixels[..., 3] = 255
    turned = pixels[::-1, ::2]
    np.testing.assert_array_equal(np.asarray(pillow(encode(turned, "png"))), turned)


def test_lower_quality_makes_smaller_files() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (64, 64, 3), np.uint8)
    for name in ("webp", "avif", "jpeg"):
        assert len(encode(pixels, name, quality=30)) < len(encode(pixels, name, quality=95))


def test_names_and_suffixes() -> None:
    assert {name: extension(name) for name in FORMATS} == {
        "png": ".png",
        "webp": ".webp",
        "avif": ".avif",
        "tiff": ".tif",
        "jpeg": ".jpg",
    }
    for name, entry in FORMATS.items():
        assert all(format_for(suffix.upper()) == name for suffix in entry.suffixes)
    assert format_for(Path("a.b.JPG").suffix) == "jpeg"
    for suffix in (".bmp", "", "png"):
        with pytest.raises(InputError) as caught:
            format_for(suffix)
        assert caught.value.code == "format_unknown"


@pytest.mark.parametrize("kind", ["webp", "avif"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_dots_per_inch_survive_beside_metadata_that_has_none(kind: str, order: str) -> None:
    """The block grows by the resolution; what it held stays readable."""
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    text = b"A long description, beyond the entry\0"
    block = start + struct.pack(order + "HHHIII", 1, 0x010E, 2, len(text), 8 + 2 + 12 + 4, 0) + text
    assert exif.dpi(block) is None
    data = encode(np.full((8, 8, 3), 90, np.uint8), kind, dpi=(300, 150), metadata=Metadata(block))
    picture = decode(data)
    assert picture.dpi == (300, 150)
    assert exif.descriptive_tags(picture.metadata.exif) == {0x010E: text[:-1].decode()}
    for torn in (b"", block[:9], block[:20], start + b"\xff\xff"):
        assert exif.dpi(exif.with_resolution(torn, (72, 96))) == (72, 96)
