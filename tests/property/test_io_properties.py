from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from tress.errors import InputError
from tress.io import exif
from tress.io.decode import decode
from tress.io.encode import encode
from tress.io.plan import plan

SIDE = st.integers(1, 24)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def pictures(draw: st.DrawFn) -> np.ndarray:
    channels = draw(st.sampled_from([(), (3,), (4,)]))
    return draw(arrays.arrays(np.uint8, (draw(SIDE), draw(SIDE), *channels)))


@QUICK
@given(pictures(), st.sampled_from([("png", None), ("tiff", None), ("webp", True)]))
def test_lossless_round_trip(pixels: np.ndarray, how: tuple[str, bool | None]) -> None:
    name, lossless = how
    picture = decode(encode(pixels, name, lossless=lossless))
    expected = np.dstack([pixels] * 3) if pixels.ndim == 2 else pixels[..., :3]
    alpha = pixels[..., 3] if pixels.ndim == 3 and pixels.shape[2] == 4 else np.full(pixels.shape[:2], 255, np.uint8)
    np.testing.assert_array_equal(picture.pixels, np.where(alpha[..., None] == 0, 0, expected))
    read = np.ones(alpha.shape, np.float32) if picture.alpha is None else picture.alpha
    np.testing.assert_array_equal(read, alpha / np.float32(255))
    assert (picture.alpha is None) == bool((alpha == 255).all())


@QUICK
@given(
    st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0"])
)
def test_any_bytes_decode_or_give_an_input_error(data: bytes, start: bytes) -> None:
    try:
        shape = decode(start + data, max_megapixels=1).pixels.shape
    except InputError:
        return
    assert shape[0] * shape[1] <= 1_000_000


@QUICK
@given(st.binary(max_size=300), st.sampled_from([b"II*\0", b"MM\0*"]))
def test_any_exif_block_can_be_read_and_is_upright_afterwards(data: bytes, start: bytes) -> None:
    block = start + data
    assert 1 <= exif.orientation(block) <= 8
    upright = exif.upright_exif(block)
    assert upright is not None
    assert len(upright) == len(block)
    resolution = exif.dpi(block)
    assert resolution is None or min(resolution) > 1


@QUICK
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 8), st.sampled_from(["RGB", "RGBA", "L", "LA"]))
def test_every_pixel_survives_every_orientation(height: int, width: int, turn: int, mode: str) -> None:
    bands = len(mode)
    stored = np.random.default_rng(turn).integers(1, 255, (height, width, bands), np.uint8)
    block = Image.Exif()
    block[0x0112] = turn
    out = io.BytesIO()
    Image.fromarray(stored if bands > 1 else stored[..., 0]).save(out, "PNG", exif=block)
    picture = decode(out.getvalue())
    assert picture.pixels.shape[:2] == ((width, height) if turn >= 5 else (height, width))
    np.testing.assert_array_equal(np.sort(picture.pixels[..., 0], axis=None), np.sort(stored[..., 0], axis=None))
    assert (picture.alpha is not None) == mode.endswith("A")


NAMES = st.text(st.sampled_from("abAB._é"), min_size=1, max_size=4).filter(lambda name: not name.startswith("."))


@QUICK
@given(
    st.lists(st.tuples(NAMES, st.sampled_from([".jpg", ".png", ".JPG"])), min_size=1, max_size=6, unique=True),
    st.sampled_from([None, "out"]),
)
def test_a_plan_never_loses_a_file(names: list[tuple[str, str]], output: str | None) -> None:
    with tempfile.TemporaryDirectory() as place:
        for stem, suffix in names:
            Path(place, stem + suffix).write_bytes(b"x")
        before = set(os.listdir(place))
        try:
            jobs = plan([place], None if output is None else os.path.join(place, output), extension=".png")
        except InputError as error:
            assert error.code in {"output_collision", "folder_empty", "target_exists", "output_is_input"}  # noqa: PT017
            return
        targets = [str(job.target).casefold() for job in jobs]
        assert len(set(targets)) == len(targets)
        assert not {str(job.source).casefold() for job in jobs} & set(targets)
        assert set(os.listdir(place)) == before
