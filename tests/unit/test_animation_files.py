"""Files of animations: what their frames leave clear, what colours they have, and what is refused undecoded."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from tress.errors import InputError
from tress.io.decode import decode
from tress.io.frames import Animation, open_animation

RED, BLUE = (200, 0, 0), (0, 0, 200)
Box = tuple[int, int, int, int]


def gif_frame(box: Box, colour: int, then: int = 0, delay: int = 5, interlaced: bool = False) -> bytes:
    """A frame of one colour of the palette; ``box`` is left, top, width and height."""
    left, top, width, height = box
    # Codes of three bits, lowest first: the table is cleared before every pixel, so that they never get longer.
    codes = np.array([4, colour] * (width * height) + [5], np.uint8)
    packed = np.packbits((codes[:, None] >> np.arange(3)) & 1, bitorder="little").tobytes()
    blocks = [packed[i : i + 255] for i in range(0, len(packed), 255)]
    data = b"\x02" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"
    control = b"!\xf9\x04" + struct.pack("<BHB", then << 2, delay, 0) + b"\0"
    return control + struct.pack("<BHHHHB", 0x2C, left, top, width, height, 0x40 * interlaced) + data


def gif(canvas: tuple[int, int], *blocks: bytes) -> bytes:
    """With a palette of grey, red and blue, whose first colour is the background."""
    palette = bytes((90, 90, 90, *RED, *BLUE, 0, 0, 0))
    return b"GIF89a" + struct.pack("<HHBBB", *canvas, 0x81, 0, 0) + palette + b"".join(blocks) + b";"


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_data(pixels: np.ndarray) -> bytes:
    rows = pixels.astype(pixels.dtype.newbyteorder(">")).reshape(len(pixels), -1).view(np.uint8)
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))


def apng(
    canvas: tuple[int, int],
    frames: list[tuple[int, int, np.ndarray, int, int]],
    *,
    extra: bytes = b"",
    announced: int | None = None,
) -> bytes:
    """Of left, top, pixels ``(H, W, 4)``, dispose and blend of each frame; the first is the default picture too."""
    depth = 8 * frames[0][2].dtype.itemsize
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", *canvas, depth, 6, 0, 0, 0))]
    parts += [extra, chunk(b"acTL", struct.pack(">II", len(frames) if announced is None else announced, 3))]
    for number, (left, top, pixels, then, blend) in enumerate(frames):
        height, width = pixels.shape[:2]
        parts.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, width, height, left, top, 1, 25, then, blend)))
        data = png_data(pixels)
        parts.append(chunk(b"fdAT", struct.pack(">I", number) + data) if number else chunk(b"IDAT", data))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def plain(width: int, height: int, *colour: int) -> np.ndarray:
    return np.broadcast_to(np.uint8(colour), (height, width, 4)).copy()


def opened(data: bytes, max_megapixels: float = 1.0) -> Animation:
    animation = open_animation(data, max_megapixels=max_megapixels)
    assert animation is not None
    return animation


def frames_of(data: bytes) -> list[np.ndarray]:
    """``(H, W, 4)`` of each; what is clear is black."""
    shown = []
    for picture in opened(data):
        alpha = np.ones(picture.pixels.shape[:2], np.float32) if picture.alpha is None else picture.alpha
        rgba = np.dstack([picture.pixels, np.round(alpha * 255).astype(np.uint8)])
        shown.append(np.where(rgba[..., 3:] == 0, np.uint8(0), rgba))
    return shown


def filled(canvas: tuple[int, int], *boxes: tuple[Box, tuple[int, ...]]) -> np.ndarray:
    expected = np.zeros((canvas[1], canvas[0], 4), np.uint8)
    for (left, top, width, height), colour in boxes:
        expected[top : top + height, left : left + width] = (*colour, 255)[:4]
    return expected


CANVAS = (40, 30)
FIRST, SECOND, THIRD = (4, 6, 12, 10), (10, 8, 20, 12), (0, 0, 8, 8)


@pytest.mark.parametrize("then", [0, 1, 2, 3])
@pytest.mark.parametrize("interlaced", [False, True])
def test_frames_of_gif_stand_on_clear_ground(then: int, interlaced: bool) -> None:
    frames = [gif_frame(FIRST, 1), gif_frame(SECOND, 2, then, interlaced=interlaced), gif_frame(THIRD, 1)]
    first, second, third = frames_of(gif(CANVAS, *frames))
    one, two = (FIRST, RED), (SECOND, BLUE)
    np.testing.assert_array_equal(first, filled(CANVAS, one))
    np.testing.assert_array_equal(second, filled(CANVAS, one, two))
    after = {0: (one, two), 1: (one, two), 2: (one, (SECOND, (0, 0, 0, 0))), 3: (one,)}[then]
    expected = filled(CANVAS, *after)
    if then == 2:
        expected[8:20, 10:30] = 0
    expected[:8, :8] = (*RED, 255)
    np.testing.assert_array_equal(third, expected)


def test_the_first_frame_is_what_a_still_shows() -> None:
    data = gif(CANVAS, gif_frame(FIRST, 1), gif_frame(SECOND, 2))
    still = decode(data)
    assert still.alpha is not None
    np.testing.assert_array_equal(still.alpha * 255, frames_of(data)[0][..., 3])


def test_frames_beyond_their_canvas_and_empty_ones() -> None:
    beyond = [gif_frame((30, 20, 20, 20), 2), gif_frame((60, 60, 4, 4), 1)]
    empty = b"!\xf9\x04\0\x05\0\0\0" + struct.pack("<BHHHHB", 0x2C, 0, 0, 0, 0, 0) + b"\x02\x01\x00\0"
    shown = frames_of(gif(CANVAS, gif_frame((0, 0, 40, 30), 1), *beyond, empty))
    whole, corner = ((0, 0, 40, 30), RED), ((30, 20, 10, 10), BLUE)
    for frame in shown[1:]:
        np.testing.assert_array_equal(frame, filled(CANVAS, whole, corner))
    assert len(shown) == 4


def test_times_and_loops() -> None:
    looped = b"!\xff\x0bNETSCAPE2.0\x03\x01\x07\x00\0"
    timing = opened(gif(CANVAS, looped, gif_frame(FIRST, 1, delay=0), gif_frame(SECOND, 2, delay=12))).timing
    assert (timing.durations_ms, timing.loops) == ((100, 120), 7)
    assert opened(gif(CANVAS, gif_frame(FIRST, 1), gif_frame(SECOND, 2))).timing.loops == 1
    whole = plain(*CANVAS, *RED, 255)
    timing = opened(apng(CANVAS, [(0, 0, whole, 0, 0)] * 2)).timing
    assert (timing.durations_ms, timing.loops) == ((40, 40), 3)


@pytest.mark.parametrize("then", [0, 1, 2])
@pytest.mark.parametrize("blend", [0, 1])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_frames_of_png_are_laid_over_or_replace(then: int, blend: int, depth: type) -> None:
    scale = 257 if depth == np.uint16 else 1
    half = plain(20, 12, *BLUE, 255)
    half[:, 10:] = 0
    frames = [(0, 0, plain(*CANVAS, *RED, 255), 0, 0), (10, 8, half, then, blend), (0, 0, plain(8, 8, *RED, 255), 0, 0)]
    shown = frames_of(apng(CANVAS, [(x, y, p.astype(depth) * scale, t, b) for x, y, p, t, b in frames]))
    red = filled(CANVAS, ((0, 0, *CANVAS), RED))
    second = red.copy()
    second[8:20, 10:20] = (*BLUE, 255)
    if blend == 0:
        second[8:20, 20:30] = 0
    third = {0: second.copy(), 1: red.copy(), 2: red.copy()}[then]
    if then == 1:
        third[8:20, 10:30] = 0
    third[:8, :8] = (*RED, 255)
    for frame, expected in zip(shown, (red, second, third), strict=True):
        np.testing.assert_array_equal(frame, expected)


def test_frames_of_webp_are_what_its_own_library_shows() -> None:
    rng = np.random.default_rng(4)
    pictures = []
    for number in range(5):
        pixels = np.zeros((48, 64, 4), np.uint8)
        pixels[8:40, 4 * number : 4 * number + 30] = (*rng.integers(0, 256, 3), 255)
        pixels[20:24, :20, 3] = 0
        pictures.append(Image.fromarray(pixels))
    out = io.BytesIO()
    pictures[0].save(out, "WEBP", save_all=True, append_images=pictures[1:], lossless=True, duration=30, loop=2)
    data = out.getvalue()
    assert data.count(b"ANMF") == 5
    with Image.open(io.BytesIO(data)) as movie:
        for number, frame in enumerate(frames_of(data)):
            movie.seek(number)
            expected = np.asarray(movie.convert("RGBA"))
            np.testing.assert_array_equal(frame, np.where(expected[..., 3:] == 0, 0, expected))
    timing = opened(data).timing
    assert (timing.durations_ms, timing.loops) == ((30,) * 5, 2)


def linear_profile() -> bytes:
    """sRGB with 1.5 MB of nothing, as long as the profiles of measured screens are."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return struct.pack(">I", 3 << 19) + profile[4:].ljust((3 << 19) - 4, b"\0")


def test_colours_and_large_profiles_of_frames_are_those_of_stills() -> None:
    grey = plain(*CANVAS, 100, 100, 100, 255)
    frames = [(0, 0, grey, 0, 0), (4, 4, grey[:8, :8], 0, 0)]
    linear = chunk(b"gAMA", struct.pack(">I", 100_000))
    first, second = frames_of(apng(CANVAS, frames, extra=linear))
    assert abs(int(first[0, 0, 0]) - 168) <= 1
    np.testing.assert_array_equal(first, second)
    large = chunk(b"iCCP", b"name\0\0" + zlib.compress(linear_profile()))
    for picture in opened(apng(CANVAS, frames, extra=large)):
        assert picture.warnings == ()
        assert (picture.pixels == 100).all()
    broken = chunk(b"iCCP", b"name\0\0no deflate")
    assert "profile" in next(iter(opened(apng(CANVAS, frames, extra=broken)))).warnings[0]
    out = io.BytesIO()
    image = Image.fromarray(grey[..., :3])
    other = Image.fromarray(grey[..., :3] // 2)
    image.save(out, "WEBP", save_all=True, append_images=[other], lossless=True, icc_profile=linear_profile())
    assert [int(frame[0, 0, 0]) for frame in frames_of(out.getvalue())] == [100, 50]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_frames_are_turned_as_stills_are(kind: str) -> None:
    block = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, 6, 0, 0)
    pixels = np.random.default_rng(5).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    pictures = [Image.fromarray(pixels), Image.fromarray(pixels[::-1])]
    out = io.BytesIO()
    pictures[0].save(out, kind, save_all=True, append_images=pictures[1:], lossless=True, exif=block)
    for frame, expected in zip(opened(out.getvalue()), (pixels, pixels[::-1]), strict=True):
        np.testing.assert_array_equal(frame.pixels, np.rot90(expected, -1))
    np.testing.assert_array_equal(decode(out.getvalue()).pixels, np.rot90(pixels, -1))


# ---- limits ---------------------------------------------------------------------------------------------------------


def refused(data: bytes, max_megapixels: float = 110.0) -> tuple[InputError, int]:
    """The error, and the most memory that was taken."""
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            list(opened(data, max_megapixels))
        return caught.value, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


TINY_FRAME = gif_frame((0, 0, 1, 1), 1)
TINY: Any = (0, 0, plain(1, 1, *RED, 255), 0, 0)


def webp_frames(count: int, inner: int = 1) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (inner, inner), RED).save(out, "WEBP", lossless=True)
    picture = out.getvalue()[12:]
    frame = struct.pack("<3s3s3s3s3sB", bytes(3), bytes(3), bytes(3), bytes(3), b"\x05\0\0", 0) + picture
    frame = b"ANMF" + struct.pack("<I", len(frame)) + frame
    body = b"WEBPVP8X" + struct.pack("<IB9x", 10, 2) + b"ANIM" + struct.pack("<IIH", 6, 0, 0) + frame * count
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "data",
    [
        gif((1, 1), TINY_FRAME * 10_001),
        apng((1, 1), [TINY] * 10_001),
        webp_frames(10_001),
        gif((1, 1), TINY_FRAME * 2, b"!\xfe\0" * 500_000, TINY_FRAME),
        gif((1, 1), TINY_FRAME * 2, b"!\xfe" + b"\1x" * 500_000 + b"\0", TINY_FRAME),
        apng((1, 1), [TINY] * 2, extra=chunk(b"prIv", b"") * 200_000),
        webp_frames(2)[:-8] + b"JUNK\0\0\0\0" * 200_000,
    ],
    ids=["gif", "png", "webp", "gif comments", "gif long comment", "png chunks", "webp chunks"],
)
def test_frames_and_blocks_without_end_are_refused(data: bytes) -> None:
    error, peak = refused(data)
    assert error.code == "picture_corrupt"
    assert peak < 3 * len(data) + (8 << 20)


def test_large_pictures_behind_a_small_canvas_are_refused() -> None:
    large = struct.pack("<BHHHHB", 0x2C, 0, 0, 60_000, 60_000, 0) + b"\x02\x02\x4c\x01\0"
    error, peak = refused(gif((1, 1), TINY_FRAME, large))
    assert error.code == "picture_corrupt"
    assert peak < 1 << 20
    data = bytearray(apng((1, 1), [TINY] * 2))
    at = data.rindex(b"fcTL")
    struct.pack_into(">II", data, at + 8, 60_000, 60_000)
    assert refused(bytes(data))[0].code == "picture_corrupt"
    # Each by itself would pass.
    middle = struct.pack("<BHHHHB", 0x2C, 0, 0, 1000, 1000, 0) + b"\x02\x02\x4c\x01\0"
    assert refused(gif((1, 1), TINY_FRAME, middle * 50))[0].code == "picture_corrupt"
    error, peak = refused(webp_frames(3, inner=4000))
    assert error.code == "picture_corrupt"
    assert peak < 1 << 20


def test_all_frames_together_have_the_limit_of_a_picture() -> None:
    data = gif((1000, 1000), gif_frame((0, 0, 2, 2), 1), TINY_FRAME * 9)
    assert len(opened(data, 10.0)) == 10
    assert refused(data, 9.9)[0].code == "picture_too_large"


def test_what_is_missing_or_torn_is_named() -> None:
    whole = plain(*CANVAS, *RED, 255)
    error, _ = refused(apng(CANVAS, [(0, 0, whole, 0, 0)] * 2, announced=5))
    assert (error.code, "3 of 5" in error.message) == ("picture_truncated", True)
    # Frames that are not announced are not played.
    assert len(opened(apng(CANVAS, [(0, 0, whole, 0, 0)] * 3, announced=2))) == 2
    for data in (
        gif(CANVAS, gif_frame((0, 0, 40, 30), 1), gif_frame((0, 0, 40, 30), 2)),
        apng(CANVAS, [(0, 0, whole, 0, 0)] * 2),
        webp_frames(3),
    ):
        for end in range(0, len(data), 7):
            try:
                animation = open_animation(data[:end], max_megapixels=1.0)
                shown = [] if animation is None else list(animation)
            except InputError as error:
                assert error.code.startswith("picture_")  # noqa: PT017
            else:
                assert all(picture.pixels.shape[2] == 3 for picture in shown)


def test_bytes_that_were_changed_never_end_in_another_error() -> None:
    rng = np.random.default_rng(6)
    whole = plain(*CANVAS, *RED, 255)
    for data in (
        gif(CANVAS, gif_frame(FIRST, 1, 2), gif_frame(SECOND, 2, 3), gif_frame(THIRD, 1)),
        apng(CANVAS, [(0, 0, whole, 1, 1), (2, 2, whole[:9, :9], 2, 0), (0, 0, whole, 0, 0)]),
        webp_frames(4),
    ):
        for _ in range(150):
            changed = bytearray(data)
            for at in rng.integers(8, len(data), 3):
                changed[at] = rng.integers(0, 256)
            try:
                animation = open_animation(bytes(changed), max_megapixels=1.0)
                assert animation is None or len(list(animation)) == len(animation)
            except InputError as error:
                assert error.code.startswith("picture_")  # noqa: PT017
