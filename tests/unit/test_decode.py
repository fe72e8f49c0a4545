from __future__ import annotations

import io
import os
import struct
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from tress.errors import InputError
from tress.io import exif
from tress.io.decode import check_pixel_limit, decode

COLOURS = np.uint8([[(220, 20, 20), (20, 200, 20)], [(20, 20, 220), (230, 220, 20)]])
# What a viewer has to do for each orientation, undone: from upright to stored.
TO_STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: np.rot90,
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}


def four_corners(height: int = 32, width: int = 48) -> np.ndarray:
    """Another colour in each corner, and not square: no two orientations look alike."""
    return COLOURS.repeat(height // 2, axis=0).repeat(width // 2, axis=1)


def saved(pixels: np.ndarray | Image.Image, kind: str, **options: Any) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.ascontiguousarray(pixels))
    defaults: dict[str, Any] = {
        "jpeg": {"quality": 98, "subsampling": 0},
        "webp": {"lossless": True},
        "avif": {"quality": 100, "subsampling": "4:4:4"},
    }.get(kind, {})
    if kind == "jpeg" and "exif" in options:
        options["exif"] = b"Exif\0\0" + options["exif"]
    out = io.BytesIO()
    image.save(out, kind.upper(), **{**defaults, **options})
    return out.getvalue()


def exif_block(orientation: int, order: str = ">", thumbnail: bytes = b"") -> bytes:
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    first = struct.pack(order + "HHHIHH", 1, 0x112, 3, 1, orientation, 0)
    if not thumbnail:
        return start + first + bytes(4)
    second_at = 8 + len(first) + 4
    where = second_at + 2 + 24 + 4
    second = struct.pack(order + "HHHIIHHII", 2, 0x201, 4, 1, where, 0x202, 4, 1, len(thumbnail))
    return start + first + struct.pack(order + "I", second_at) + second + bytes(4) + thumbnail


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff", "avif"])
def test_orientation(kind: str, orientation: int, order: str) -> None:
    upright = four_corners()
    data = saved(TO_STORED[orientation](upright), kind, exif=exif_block(orientation, order))
    picture = decode(data)
    assert picture.format == kind
    assert picture.pixels.shape == upright.shape
    corners = np.abs(picture.pixels.astype(int) - upright)[::31, ::47]
    assert corners.max() <= 6
    assert exif.orientation(picture.metadata.exif) == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_alpha_turns_with_the_pixels(orientation: int) -> None:
    upright = np.dstack([four_corners(), np.arange(32 * 48).reshape(32, 48) % 256]).astype(np.uint8)
    picture = decode(saved(TO_STORED[orientation](upright), "png", exif=exif_block(orientation)))
    np.testing.assert_array_equal(picture.pixels, upright[..., :3])
    assert picture.alpha is not None
    assert picture.alpha.dtype == np.float32
    np.testing.assert_array_equal(picture.alpha, upright[..., 3] / np.float32(255))


def test_heic_is_turned_once() -> None:
    upright = four_corners(64, 96)
    out = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(np.rot90(upright)))
    pillow_heif.from_pillow(image).save(out, quality=95, exif=exif_block(6))
    picture = decode(out.getvalue())
    assert picture.format == "heic"
    assert picture.pixels.shape == upright.shape
    assert np.abs(picture.pixels[8, 8].astype(int) - COLOURS[0, 0]).max() <= 12
    assert np.abs(picture.pixels[-8, 8].astype(int) - COLOURS[1, 0]).max() <= 12


def test_dots_per_inch_turn_with_the_picture() -> None:
    data = saved(four_corners(), "jpeg", dpi=(300, 150), exif=exif_block(6))
    assert decode(data).dpi == (150, 300)
    assert decode(saved(four_corners(), "jpeg")).dpi is None
    assert decode(saved(four_corners(), "webp", exif=exif.with_resolution(None, (240, 240)))).dpi == (240, 240)


def test_the_thumbnail_of_the_old_picture_is_blanked() -> None:
    secret = b"\xff\xd8 the old background \xff\xd9"
    picture = decode(saved(four_corners(), "jpeg", exif=exif_block(3, thumbnail=secret)))
    assert picture.metadata.exif is not None
    assert b"background" not in picture.metadata.exif


def test_xmp_loses_orientation_and_thumbnail() -> None:
    packet = b'<x tiff:Orientation="6"><xmp:Thumbnails>secret</xmp:Thumbnails><dc:creator>me</dc:creator></x>'
    cleaned = decode(saved(four_corners(), "webp", xmp=packet)).metadata.xmp
    assert cleaned == b'<x tiff:Orientation="1"><dc:creator>me</dc:creator></x>'


@pytest.mark.parametrize(
    ("packet", "cleaned"),
    [
        (b'<a/><xmp:Thumbnails rdf:parseType="x">secret</xmp:Thumbnails><b/>', b"<a/><b/>"),
        (b"<a/><xmp:Thumbnails /><b/>", b"<a/><b/>"),
        (b"<xap:Thumbnails>1</xap:Thumbnails>-<xap:Thumbnails>2</xap:Thumbnails>", b"-"),
        (b"<a/><xmp:Thumbnails>secret without an end", b"<a/>"),
        (b"<xmp:ThumbnailsCount>3</xmp:ThumbnailsCount>", b"<xmp:ThumbnailsCount>3</xmp:ThumbnailsCount>"),
    ],
)
def test_thumbnails_in_xmp_in_every_spelling(packet: bytes, cleaned: bytes) -> None:
    assert exif.upright_xmp(packet) == cleaned


# ---- colour ---------------------------------------------------------------------------------------------------------

SRGB = ((0.43607, 0.38515, 0.14307), (0.22249, 0.71687, 0.06061), (0.01392, 0.09708, 0.71410))
DISPLAY_P3 = ((0.51512, 0.29198, 0.15710), (0.24120, 0.69225, 0.06657), (-0.00105, 0.04189, 0.78407))
ADOBE_RGB = ((0.60974, 0.20528, 0.14919), (0.31111, 0.62567, 0.06322), (0.01947, 0.06087, 0.74457))
ADOBE_GAMMA = 563 / 256
WHITE_D50 = (0.9642, 1.0, 0.8249)


def s15(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def profile(space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ", device: bytes = b"scnr") -> bytes:
    """An ICC profile, version 2.4, written by hand."""
    tags = {b"wtpt": b"XYZ \0\0\0\0" + s15(*WHITE_D50), b"cprt": b"text\0\0\0\0none\0", **tags}
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(">I4sI4s4s4s", at + len(body), b"test", 0x02400000, device, space, pcs)
    header += bytes(12) + b"acsp" + bytes(28) + s15(*WHITE_D50)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def gamma_curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def srgb_curve() -> bytes:
    points = np.round(srgb_to_linear(np.linspace(0, 1, 1024)) * 65535).astype(">u2")
    return b"curv\0\0\0\0" + struct.pack(">I", len(points)) + points.tobytes()


def rgb_profile(matrix: Any, curve: bytes) -> bytes:
    columns = {
        name: b"XYZ \0\0\0\0" + s15(*column)
        for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), zip(*matrix, strict=True), strict=True)
    }
    return profile(b"RGB ", {**columns, b"rTRC": curve, b"gTRC": curve, b"bTRC": curve})


def srgb_to_linear(v: Any) -> Any:
    v = np.asarray(v, float)
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def linear_to_srgb8(v: Any) -> Any:
    v = np.clip(np.asarray(v, float), 0, 1)
    return np.round(255 * np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055))


@pytest.mark.parametrize(
    ("matrix", "curve", "to_linear"),
    [
        pytest.param(DISPLAY_P3, srgb_curve(), srgb_to_linear, id="Display P3"),
        pytest.param(ADOBE_RGB, gamma_curve(ADOBE_GAMMA), lambda v: v**ADOBE_GAMMA, id="Adobe RGB"),
    ],
)
@pytest.mark.parametrize("kind", ["png", "tiff", "webp"])
def test_wide_gamut_pictures_become_srgb(kind: str, matrix: Any, curve: bytes, to_linear: Any) -> None:
    colours = np.uint8([[(128, 128, 128), (150, 120, 100), (90, 130, 160), (255, 255, 255), (0, 0, 0), (255, 0, 0)]])
    linear = to_linear(colours / 255.0) @ np.asarray(matrix).T @ np.linalg.inv(np.asarray(SRGB)).T
    expected = linear_to_srgb8(linear)
    picture = decode(saved(colours, kind, icc_profile=rgb_profile(matrix, curve)))
    assert picture.warnings == ()
    assert np.abs(picture.pixels - expected).max() <= 2
    assert np.abs(expected - colours).max() > 10  # the profile matters for these colours


def test_a_profile_that_is_srgb_by_another_name_changes_nothing() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    picture = decode(saved(pixels, "png", icc_profile=rgb_profile(SRGB, srgb_curve())))
    np.testing.assert_array_equal(picture.pixels, pixels)


def test_alpha_is_no_colour_and_keeps_its_value() -> None:
    rgba = np.full((4, 4, 4), 100, np.uint8)
    picture = decode(saved(rgba, "png", icc_profile=rgb_profile(SRGB, gamma_curve(1.0))))
    assert (picture.pixels == linear_to_srgb8(100 / 255)).all()
    assert picture.alpha is not None
    assert np.allclose(picture.alpha, 100 / 255)


def test_a_grey_profile() -> None:
    linear = profile(b"GRAY", {b"kTRC": gamma_curve(1.0)})
    picture = decode(saved(np.full((4, 4), 55, np.uint8), "png", icc_profile=linear))
    assert np.abs(picture.pixels - linear_to_srgb8(55 / 255)).max() <= 1


def test_grey_pixels_with_an_rgb_profile_are_common_and_right() -> None:
    data = saved(np.full((4, 4), 55, np.uint8), "jpeg", icc_profile=rgb_profile(SRGB, gamma_curve(1.0)))
    picture = decode(data)
    assert np.abs(picture.pixels - linear_to_srgb8(55 / 255)).max() <= 2


BLACK_INK_L = 18.0


def cmyk_profile() -> bytes:
    """16 corners of ink to Lab.  Black ink is a dark grey, as on paper; cyan is a colour of its own."""
    corners = np.zeros((2, 2, 2, 2, 3))
    for c, m, y, k in np.ndindex(2, 2, 2, 2):
        lightness = 100.0 if c + m + y + k == 0 else BLACK_INK_L if k else 60.0
        a, b = (-20.0, -30.0) if (c, m, y, k) == (1, 0, 0, 0) else (0.0, 0.0)
        corners[c, m, y, k] = lightness * 2.55, a + 128, b + 128
    straight = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + s15(1, 0, 0, 0, 1, 0, 0, 0, 1)
    lut += straight * 4 + np.round(corners).astype(np.uint8).tobytes() + straight * 3
    return profile(b"CMYK", {b"A2B0": lut, b"A2B1": lut}, pcs=b"Lab ")


def lab_to_srgb8(lightness: float, a: float, b: float, black: float = 0.0) -> Any:
    """Lab to sRGB; ``black`` is the XYZ, relative to white, that black-point compensation moves to 0."""
    y = (lightness + 16) / 116
    f = np.array([y + a / 500, y, y - b / 200])
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * WHITE_D50
    xyz = (xyz - black * np.asarray(WHITE_D50)) / (1 - black)
    return linear_to_srgb8(np.linalg.inv(np.asarray(SRGB)) @ xyz)


@pytest.mark.parametrize("kind", ["tiff", "jpeg"])
def test_a_press_profile_gives_its_colours_and_a_full_black(kind: str) -> None:
    def shown(*ink: int) -> np.ndarray:
        picture = decode(saved(Image.new("CMYK", (16, 16), ink), kind, icc_profile=cmyk_profile()))
        assert picture.warnings == ()
        return picture.pixels[8, 8].astype(int)

    assert np.abs(shown(0, 0, 0, 0) - 255).max() <= 1
    # Black-point compensation: the darkest ink is black, not the grey that the paper shows.
    assert lab_to_srgb8(BLACK_INK_L, 0, 0).min() > 40
    assert shown(0, 0, 0, 255).max() <= 4
    black = ((BLACK_INK_L + 16) / 116) ** 3
    assert np.abs(shown(255, 0, 0, 0) - lab_to_srgb8(60, -20, -30, black)).max() <= 3


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_profile_is_ignored_or_applied_but_never_fatal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for good, mode in ((rgb_profile(DISPLAY_P3, srgb_curve()), "RGB"), (cmyk_profile(), "CMYK")):
        torn = bytearray(good)
        for at in rng.integers(0, min(len(torn), 400), 6):
            torn[at] = int(rng.integers(256))
        picture = decode(saved(Image.new(mode, (5, 4), 90), "tiff", icc_profile=bytes(torn)))
        assert picture.pixels.shape == (4, 5, 3)


def test_lab_tiff() -> None:
    image = Image.frombytes("LAB", (4, 4), bytes((153, 236, 226)) * 16)  # L 60, a -20, b -30, as signed bytes
    assert np.abs(decode(saved(image, "tiff")).pixels - lab_to_srgb8(60, -20, -30)).max() <= 2


def test_premultiplied_tiff_becomes_straight() -> None:
    image = Image.frombytes("RGBA", (2, 2), bytes((50, 25, 0, 128)) * 4)
    data = bytearray(saved(image, "tiff"))
    entry = data.index(struct.pack("<HHI", 338, 3, 1))
    data[entry + 8] = 1  # ExtraSamples: associated alpha
    picture = decode(bytes(data))
    assert np.abs(picture.pixels[0, 0].astype(int) - (100, 50, 0)).max() <= 1
    assert picture.alpha is not None
    assert np.isclose(picture.alpha[0, 0], 128 / 255)


# ---- sources and limits ---------------------------------------------------------------------------------------------


def test_every_kind_of_source(tmp_path: Path) -> None:
    data = saved(four_corners(), "png")
    path = tmp_path / "photo.jpg"  # the name does not decide
    path.write_bytes(data)

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.rest = io.BytesIO(data)

        def read(self, size: int = -1) -> bytes:
            return self.rest.read(size)

    with open(path, "rb") as file:
        file.read(3)
        for source in (data, bytearray(data), memoryview(data), path, str(path), io.BytesIO(data), file, Pipe()):
            np.testing.assert_array_equal(decode(source).pixels, four_corners())
        assert not file.closed


@pytest.mark.parametrize("kind", ["jpeg", "tiff", "avif", "webp"])
def test_a_file_object_stays_open(kind: str) -> None:
    file = io.BytesIO(saved(four_corners(), kind))
    decode(file)
    assert not file.closed


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (42, "source_type"),
        (io.StringIO("text"), "source_type"),
        ("no/such/file.jpg", "path_missing"),
        ("https://example.org/photo.jpg", "path_missing"),
        ("a\0b.jpg", "path_invalid"),
    ],
)
def test_wrong_sources(source: Any, code: str) -> None:
    with pytest.raises(InputError) as caught:
        decode(source)
    assert caught.value.code == code


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        decode(tmp_path)
    assert caught.value.code == "path_is_directory"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="this user may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(saved(four_corners(), "png"))
    path.chmod(0)
    with pytest.raises(InputError) as caught:
        decode(path)
    assert caught.value.code == "path_no_permission"


def test_the_limit_is_exact_and_configurable() -> None:
    data = saved(np.zeros((1000, 1000, 3), np.uint8), "png")
    assert decode(data, max_megapixels=1.0).pixels.shape == (1000, 1000, 3)
    with pytest.raises(InputError, match="1000x1000") as caught:
        decode(data, max_megapixels=0.99)
    assert caught.value.code == "picture_too_large"
    with pytest.raises(InputError):
        decode(data, max_megapixels=0)
    check_pixel_limit(50_000, 50_000, max_megapixels=float("inf"))


def test_neither_pillows_limit_nor_its_warnings_interfere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host program may have set any limit of its own; it neither stops tress nor is changed by it."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 70_000)
    pixels = four_corners(300, 400)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in ("jpeg", "png", "tiff", "bmp", "gif"):
            assert decode(saved(pixels, kind)).pixels.shape == pixels.shape
    assert Image.MAX_IMAGE_PIXELS == 70_000


def test_threads_do_not_disturb_each_other() -> None:
    sources = [saved(np.full((50, 40 + i, 3), 20 * i, np.uint8), "tiff") for i in range(8)]
    results: dict[int, np.ndarray] = {}

    def work(i: int) -> None:
        results[i] = decode(sources[i]).pixels

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(results[i].shape == (50, 40 + i, 3) and (results[i] == 20 * i).all() for i in range(8))
