"""Colours of pictures deeper than 8 bits, of grey with a profile, and of those whose colours are told by numbers."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tress.io.cicp import CodePoints
from tress.io.decode import decode
from tress.io.icc import read_shaper
from tress.io.in_memory import from_pil

D50 = (0.9642, 1.0, 0.8249)
SRGB = ((0.43607, 0.38515, 0.14307), (0.22249, 0.71687, 0.06061), (0.01392, 0.09708, 0.71410))
DISPLAY_P3 = ((0.51512, 0.29198, 0.15710), (0.24120, 0.69225, 0.06657), (-0.00105, 0.04189, 0.78407))


def s15(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def profile(space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ") -> bytes:
    tags = {b"wtpt": b"XYZ \0\0\0\0" + s15(*D50), b"cprt": b"text\0\0\0\0none\0", **tags}
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(">I4sI4s4s4s", at + len(body), b"test", 0x04000000, b"mntr", space, pcs)
    header += bytes(12) + b"acsp" + bytes(28) + s15(*D50)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def rgb_profile(curve: bytes, matrix: Any = SRGB) -> bytes:
    columns = zip((b"rXYZ", b"gXYZ", b"bXYZ"), zip(*matrix, strict=True), strict=True)
    tags = {name: b"XYZ \0\0\0\0" + s15(*column) for name, column in columns}
    return profile(b"RGB ", {**tags, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)})


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


LINEAR = b"curv\0\0\0\0" + struct.pack(">I", 0)
POINTS = (
    b"curv\0\0\0\0" + struct.pack(">I", 256) + np.round(np.linspace(0, 1, 256) ** 1.8 * 65535).astype(">u2").tobytes()
)


def para(kind: int, *numbers: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + s15(*numbers)


def srgb_to_linear(v: Any) -> Any:
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def linear_to_srgb8(v: Any) -> Any:
    v = np.clip(np.asarray(v, float), 0, 1)
    return np.round(255 * np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055))


CURVES = {
    "linear": (LINEAR, lambda v: v),
    "gamma 2.2": (gamma(2.19921875), lambda v: v**2.19921875),
    "points": (POINTS, lambda v: v**1.8),
    "parametric": (para(0, 2.4), lambda v: v**2.4),
    "sRGB, parametric": (para(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045), srgb_to_linear),
    "with a constant": (para(4, 2.0, 1.0, 0.0, 0.5, 0.1, 0.0, 0.0), lambda v: np.where(v >= 0.1, v**2, v / 2)),
}


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(pixels: np.ndarray, *extra: bytes) -> bytes:
    height, width = pixels.shape[:2]
    count = 1 if pixels.ndim == 2 else pixels.shape[2]
    depth = 8 * pixels.dtype.itemsize
    rows = pixels.astype(pixels.dtype.newbyteorder(">")).reshape(height, -1).view(np.uint8)
    head = struct.pack(">IIBBBBB", width, height, depth, {1: 0, 2: 4, 3: 2, 4: 6}[count], 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(extra) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def icc(content: bytes) -> bytes:
    return chunk(b"iCCP", b"p\0\0" + zlib.compress(content))


@pytest.mark.parametrize("name", list(CURVES))
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_a_profile_is_applied_to_sixteen_bits(name: str, channels: int) -> None:
    curve, to_linear = CURVES[name]
    ramp = np.linspace(0, 65535, 512).astype(np.uint16)
    pixels = np.stack([ramp] * channels, axis=-1).reshape(8, 64, channels)
    if channels in (2, 4):
        pixels[..., -1] = 65535
    content = profile(b"GRAY", {b"kTRC": curve}) if channels == 2 else rgb_profile(curve)
    picture = decode(png(pixels, icc(content)))
    expected = linear_to_srgb8(to_linear(ramp / 65535)).reshape(8, 64)
    assert picture.warnings == ()
    assert np.abs(picture.pixels - expected[..., None]).max() <= 1
    if name == "linear":
        # All the dark steps that 8 bits have room for.
        assert len(np.unique(picture.pixels[0])) > 50


@pytest.mark.parametrize("name", list(CURVES))
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("pcs", [b"XYZ ", b"Lab "])
def test_grey_with_a_profile_is_exact_and_stays_grey(name: str, depth: type, pcs: bytes) -> None:
    curve, to_linear = CURVES[name]
    most = np.iinfo(depth).max
    levels = np.linspace(0, most, 256).astype(depth).reshape(4, 64)
    picture = decode(png(levels, icc(profile(b"GRAY", {b"kTRC": curve}, pcs))))
    light = to_linear(levels / most)
    if pcs == b"Lab ":
        f = (light * 100 + 16) / 116
        light = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    assert (picture.pixels == picture.pixels[..., :1]).all()
    difference = np.abs(picture.pixels[..., 0] - linear_to_srgb8(light))
    assert difference.max() <= 1
    assert (difference == 0).mean() > 0.97


def test_a_profile_for_another_kind_of_deep_picture_is_ignored_with_a_word() -> None:
    pixels = np.full((4, 4, 3), 0x8080, np.uint16)
    picture = decode(png(pixels, icc(profile(b"GRAY", {b"kTRC": gamma(1.0)}))))
    assert (picture.pixels == 128).all()
    assert "GRAY" in picture.warnings[0]


@pytest.mark.parametrize("space", [b"\x1b[2J", b"a\r\nb", b"\xff\xfe\0\0", b"\xe2\x80\xae "])
def test_the_name_of_a_colour_space_cannot_break_a_line(space: bytes) -> None:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), 90).save(out, "PNG", icc_profile=profile(space, {}))
    picture = decode(out.getvalue())
    assert len(picture.warnings) == 1
    assert picture.warnings[0].isprintable()
    assert picture.warnings[0].isascii()


def test_tables_are_left_to_the_colour_engine() -> None:
    assert read_shaper(profile(b"GRAY", {b"kTRC": LINEAR, b"A2B0": b"mft1"})) is None
    assert read_shaper(b"") is None
    assert read_shaper(rgb_profile(LINEAR)[:150]) is None
    assert read_shaper(rgb_profile(b"curv\0\0\0\0\xff\xff\xff\xff")) is None


# ---- code points ----------------------------------------------------------------------------------------------------


def cicp(primaries: int, transfer: int) -> bytes:
    return chunk(b"cICP", bytes([primaries, transfer, 0, 1]))


COLOURS = np.uint8([[(128, 128, 128), (150, 120, 100), (90, 130, 160), (255, 255, 255), (0, 0, 0), (60, 200, 60)]])


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_display_p3_by_numbers_is_converted(depth: type) -> None:
    pixels = COLOURS.astype(depth) * (257 if depth == np.uint16 else 1)
    linear = srgb_to_linear(COLOURS / 255) @ np.asarray(DISPLAY_P3).T @ np.linalg.inv(np.asarray(SRGB)).T
    picture = decode(png(pixels, cicp(12, 13)))
    assert picture.warnings == ()
    assert np.abs(picture.pixels - linear_to_srgb8(linear)).max() <= 1
    assert np.abs(picture.pixels.astype(int) - COLOURS).max() > 10


def test_numbers_take_precedence_over_a_profile() -> None:
    data = png(COLOURS, cicp(1, 13), icc(rgb_profile(gamma(1.0))))
    np.testing.assert_array_equal(decode(data).pixels, COLOURS)


@pytest.mark.parametrize(("primaries", "transfer"), [(1, 13), (1, 1), (2, 2), (1, 6), (2, 13), (5, 6)])
def test_what_screens_show_as_it_is_stays(primaries: int, transfer: int) -> None:
    picture = decode(png(COLOURS, cicp(primaries, transfer)))
    np.testing.assert_array_equal(picture.pixels, COLOURS)
    assert picture.warnings == ()


@pytest.mark.parametrize("transfer", [16, 18])
@pytest.mark.parametrize("primaries", [1, 9, 12])
def test_hdr_is_converted_and_named(primaries: int, transfer: int) -> None:
    grey = np.linspace(0, 65535, 64).astype(np.uint16)
    picture = decode(png(np.stack([grey] * 3, -1)[None], cicp(primaries, transfer)))
    assert "HDR" in picture.warnings[0]
    levels = picture.pixels[0].astype(int)
    assert (np.diff(levels[:, 0]) >= 0).all()
    assert np.abs(levels - levels[:, :1]).max() <= 1
    # Paper white, 203 cd/m2: 58 % of the signal of PQ, 75 % of that of HLG.
    white = round({16: 0.58, 18: 0.75}[transfer] * 63)
    assert 240 <= levels[white, 0] <= 255
    assert levels[white // 2, 0] < 140


def test_a_linear_picture_by_numbers() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)
    picture = decode(png(np.stack([ramp] * 3, -1)[None], cicp(1, 8)))
    assert np.abs(picture.pixels[0, :, 0] - linear_to_srgb8(ramp / 65535)).max() <= 1


def test_a_curve_that_is_not_known_is_named() -> None:
    picture = decode(png(COLOURS, cicp(1, 10)))
    np.testing.assert_array_equal(picture.pixels, COLOURS)
    assert "does not know" in picture.warnings[0]


@pytest.mark.parametrize("kind", ["avif", "heic"])
def test_numbers_in_avif_and_heic_count_where_there_is_no_profile(kind: str) -> None:
    import pillow_heif

    pixels = np.broadcast_to(np.uint8([100, 170, 120]), (64, 64, 3)).copy()
    out = io.BytesIO()
    if kind == "avif":
        Image.fromarray(pixels).save(out, "AVIF", quality=100, subsampling="4:4:4")
    else:
        pillow_heif.from_pillow(Image.fromarray(pixels)).save(out, quality=100)
    data = bytearray(out.getvalue())
    at = data.find(b"colrnclx")
    assert at > 0
    np.testing.assert_allclose(decode(bytes(data)).pixels[32, 32], (100, 170, 120), atol=6)
    struct.pack_into(">HH", data, at + 8, 12, 13)
    linear = (
        srgb_to_linear(np.array([100, 170, 120]) / 255) @ np.asarray(DISPLAY_P3).T @ np.linalg.inv(np.asarray(SRGB)).T
    )
    assert np.abs(decode(bytes(data)).pixels[32, 32] - linear_to_srgb8(linear)).max() <= 6
    struct.pack_into(">HH", data, at + 8, 9, 16)
    assert "HDR" in decode(bytes(data)).warnings[0]


def test_what_the_numbers_mean() -> None:
    assert CodePoints(1, 13).is_srgb
    assert not CodePoints(12, 13).is_srgb
    assert CodePoints(9, 16).is_hdr
    assert CodePoints(1, 13).shaper() is None


# ---- gamma and chromaticities ---------------------------------------------------------------------------------------

SRGB_POINTS = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
P3_POINTS = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
ADOBE_POINTS = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
# From the specification of Adobe RGB (1998): to XYZ under D50, as its profile has it.
ADOBE_RGB = ((0.60974, 0.20528, 0.14919), (0.31111, 0.62567, 0.06322), (0.01947, 0.06087, 0.74457))


def gama(value: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", value))


def chrm(points: tuple[float, ...]) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in points)))


def from_adobe(pixels: np.ndarray) -> np.ndarray:
    light = (pixels / 255) ** 2.19921875
    return linear_to_srgb8(light @ np.asarray(ADOBE_RGB).T @ np.linalg.inv(np.asarray(SRGB)).T)


@pytest.mark.parametrize(
    "chunks",
    [
        gama(45455),
        gama(45455) + chrm(SRGB_POINTS),
        gama(45000),
        chrm(SRGB_POINTS),
        chrm((0.31269, 0.32899, 0.63999, 0.33001, 0.3, 0.6, 0.15, 0.05999)) + gama(45454),
        # sRGB takes precedence over all of them.
        gama(100_000) + chrm(P3_POINTS) + chunk(b"sRGB", b"\0"),
        chunk(b"sRGB", b"\0") + gama(100_000),
    ],
)
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_what_stands_for_srgb_stays(chunks: bytes, depth: type) -> None:
    picture = decode(png(COLOURS.astype(depth) * (257 if depth == np.uint16 else 1), chunks))
    np.testing.assert_array_equal(picture.pixels, COLOURS)
    assert picture.warnings == ()


@pytest.mark.parametrize("value", [100_000, 55_556, 50_000, 35_714])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_another_gamma_is_converted(value: int, depth: type, channels: int) -> None:
    most = np.iinfo(depth).max
    ramp = np.linspace(0, most, 256).astype(depth)
    pixels = np.stack([ramp] * channels, axis=-1).reshape(4, 64, channels)
    if channels in (2, 4):
        pixels[..., -1] = most
    picture = decode(png(pixels[..., 0] if channels == 1 else pixels, gama(value)))
    expected = linear_to_srgb8((ramp / most) ** (100_000 / value)).reshape(4, 64)
    assert picture.warnings == ()
    assert np.abs(picture.pixels - expected[..., None]).max() <= 1
    if channels <= 2:
        np.testing.assert_array_equal(picture.pixels, picture.pixels[..., :1].repeat(3, axis=-1))


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_chromaticities_are_converted(depth: type) -> None:
    pixels = COLOURS.astype(depth) * (257 if depth == np.uint16 else 1)
    p3 = srgb_to_linear(COLOURS / 255) @ np.asarray(DISPLAY_P3).T @ np.linalg.inv(np.asarray(SRGB)).T
    assert np.abs(decode(png(pixels, chrm(P3_POINTS))).pixels - linear_to_srgb8(p3)).max() <= 1
    adobe = decode(png(pixels, chrm(ADOBE_POINTS), gama(45_471))).pixels
    assert np.abs(adobe - from_adobe(COLOURS)).max() <= 1
    assert np.abs(adobe.astype(int) - COLOURS).max() > 10


@pytest.mark.parametrize("told", [icc(rgb_profile(gamma(2.19921875), ADOBE_RGB)), cicp(12, 13)])
def test_a_profile_and_numbers_take_precedence_over_gamma(told: bytes) -> None:
    alone = decode(png(COLOURS, told)).pixels
    np.testing.assert_array_equal(decode(png(COLOURS, gama(100_000), chrm(ADOBE_POINTS), told)).pixels, alone)


@pytest.mark.parametrize("value", [0, 1, 220_000, 22_000, 4_000_000_000])
def test_a_gamma_that_cannot_be_meant_is_named(value: int) -> None:
    picture = decode(png(COLOURS, gama(value)))
    np.testing.assert_array_equal(picture.pixels, COLOURS)
    assert "gamma" in picture.warnings[0]


@pytest.mark.parametrize(
    "points",
    [
        (0.0,) * 8,
        (0.3127, 0.0, *SRGB_POINTS[2:]),
        (0.9, 0.05, *SRGB_POINTS[2:]),
        (*SRGB_POINTS[:2], 0.3, 0.3, 0.3, 0.3, 0.3, 0.3),
        (*SRGB_POINTS[:2], 0.9, 0.9, *SRGB_POINTS[4:]),
        (*SRGB_POINTS[:7], 40_000.0),
    ],
)
def test_chromaticities_that_cannot_be_meant_are_named(points: tuple[float, ...]) -> None:
    picture = decode(png(COLOURS, chrm(points)))
    np.testing.assert_array_equal(picture.pixels, COLOURS)
    assert "chromaticities" in picture.warnings[0]
    for content in (b"", b"\0", bytes(31)):
        np.testing.assert_array_equal(decode(png(COLOURS, chunk(b"cHRM", content))).pixels, COLOURS)


def test_the_clear_colour_is_compared_before_the_conversion() -> None:
    for pixels in (COLOURS, COLOURS.astype(np.uint16) * 257):
        key = chunk(b"tRNS", struct.pack(">HHH", *(int(value) for value in pixels[0, 1])))
        picture = decode(png(pixels, gama(100_000), key))
        assert picture.alpha is not None
        np.testing.assert_array_equal(picture.alpha[0], [1, 0, 1, 1, 1, 1])


def camera_exif(space: int, dcf: bytes, order: str = "<", kind: int = 3) -> bytes:
    """A block as cameras write it: colour space in the directory of EXIF, its name in the one below."""
    sign = {"<": b"II*\0", ">": b"MM\0*"}[order]
    value = struct.pack(order + "H2x" if kind == 3 else order + "I", space)
    first = struct.pack(order + "HHHIHHHHIII", 2, 0x112, 3, 1, 1, 0, 0x8769, 4, 1, 38, 0)
    photo = struct.pack(order + "HHHI", 2, 0xA001, kind, 1) + value
    photo += struct.pack(order + "HHIII", 0xA005, 4, 1, 68, 0)
    marks = struct.pack(order + "HHHI", 1, 1, 2, len(dcf)) + dcf + bytes(4)
    return sign + struct.pack(order + "I", 8) + first + photo + marks


CAMERA = np.broadcast_to(np.uint8([90, 160, 110]), (32, 32, 3)).copy()


def with_directories(pixels: np.ndarray, block: bytes) -> bytes:
    """A TIFF file around an EXIF block of two entries, whose first directory gets those of the pixels."""
    height, width = pixels.shape[:2]
    body = block + bytes(len(block) % 2)
    at = len(body) + pixels.nbytes
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 2), (273, 4, len(body))]
    tags += [(277, 3, 3), (278, 4, height), (279, 4, pixels.nbytes), (0x8769, 4, 38)]
    table = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    directory = struct.pack("<H", len(tags)) + table + bytes(4)
    return block[:4] + struct.pack("<I", at) + body[8:] + pixels.tobytes() + directory


def camera_file(kind: str, block: bytes, **options: object) -> bytes:
    import pillow_heif

    out, exact = io.BytesIO(), {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}
    image = Image.fromarray(CAMERA)
    if kind == "TIFF":
        return with_directories(CAMERA, block)
    if kind == "JPEG" and block:
        block = b"Exif\0\0" + block
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(out, quality=100, exif=block, save_nclx_profile=False, **options)
    else:
        image.save(out, kind, exif=block, **exact.get(kind, {}), **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("space", "dcf", "is_adobe"),
    [
        (65535, b"R03\0", True),
        (2, b"R98\0", True),
        (2, b"", True),
        (65535, b"R98\0", False),
        (65535, b"", False),
        (1, b"R03\0", False),
        (0, b"R03\0", False),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_adobe_rgb_is_told_by_cameras_in_exif(space: int, dcf: bytes, is_adobe: bool, kind: str) -> None:
    data = camera_file(kind, camera_exif(space, dcf))
    expected = from_adobe(CAMERA) if is_adobe else CAMERA
    picture = decode(data)
    assert picture.warnings == ()
    tolerance = 4 if kind == "HEIF" else 2
    np.testing.assert_allclose(picture.pixels[8:24, 8:24], expected[8:24, 8:24], atol=tolerance)
    if kind != "HEIF":
        through_pil = from_pil(Image.open(io.BytesIO(data)), 1.0)
        np.testing.assert_array_equal(through_pil.pixels, picture.pixels)


def test_a_profile_takes_precedence_over_the_mark_of_a_camera() -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        block = camera_exif(65535, b"R03\0", ">")
        alone = decode(camera_file(kind, b"", icc_profile=rgb_profile(gamma(1.8)))).pixels
        np.testing.assert_array_equal(
            decode(camera_file(kind, block, icc_profile=rgb_profile(gamma(1.8)))).pixels, alone
        )
    with_chunk = png(COLOURS, chunk(b"sRGB", b"\0"), chunk(b"eXIf", camera_exif(2, b"")))
    np.testing.assert_array_equal(decode(with_chunk).pixels, COLOURS)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
def test_kept_metadata_says_srgb(order: str, kind: int) -> None:
    kept = decode(camera_file("JPEG", camera_exif(65535, b"R03\0", order, kind))).metadata.exif
    assert kept is not None
    assert kept == camera_exif(1, b"R98\0", order, kind)


def test_ink_is_not_adobe_rgb() -> None:
    out = io.BytesIO()
    Image.new("CMYK", (8, 8), (20, 90, 40, 10)).save(out, "JPEG", exif=camera_exif(65535, b"R03\0"))
    plain = io.BytesIO()
    Image.new("CMYK", (8, 8), (20, 90, 40, 10)).save(plain, "JPEG")
    assert decode(out.getvalue()).warnings == decode(plain.getvalue()).warnings
    np.testing.assert_array_equal(decode(out.getvalue()).pixels, decode(plain.getvalue()).pixels)


@pytest.mark.parametrize("extra", [gama(100_000), chrm(P3_POINTS), gama(55_556) + chrm(ADOBE_POINTS)])
def test_a_pil_image_of_such_a_png_has_the_same_colours(extra: bytes) -> None:
    data = png(COLOURS, extra)
    np.testing.assert_array_equal(from_pil(Image.open(io.BytesIO(data)), 1.0).pixels, decode(data).pixels)
    with_srgb = png(COLOURS, extra, chunk(b"sRGB", b"\0"))
    np.testing.assert_array_equal(from_pil(Image.open(io.BytesIO(with_srgb)), 1.0).pixels, COLOURS)
    odd = Image.fromarray(COLOURS)
    odd.info |= {"gamma": "odd", "chromaticity": (1, 2)}
    np.testing.assert_array_equal(from_pil(odd, 1.0).pixels, COLOURS)
