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
