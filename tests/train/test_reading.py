"""Pictures are read for training with the colours that the runtime sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tress.io.colour import srgb_profile
from tress.io.decode import decode
from tress_train.data.reading import read_alpha, read_rgb, read_rgba

pytestmark = pytest.mark.train

PIXELS = np.random.default_rng(5).integers(0, 256, (6, 9, 4)).astype(np.uint8)


def other_profile() -> bytes:
    """A profile of RGB pictures in which red and green are exchanged."""
    head, red, green = srgb_profile(), b"rXYZ", b"gXYZ"
    return head.replace(red, b"?XYZ", 1).replace(green, red, 1).replace(b"?XYZ", green, 1)


def saved(path: Path, image: Image.Image, profile: bytes | None) -> Path:
    image.save(path, icc_profile=profile) if profile else image.save(path)
    return path


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "CMYK", "RGBA", "LA"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_profile_is_converted_as_the_runtime_does(mode: str, orientation: int, tmp_path: Path) -> None:
    image = Image.fromarray(PIXELS).convert("RGB").convert(mode)
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.fromarray(PIXELS[..., 3]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.tif"
    image.save(path, icc_profile=other_profile(), exif=exif)
    wanted = decode(path)
    if mode in ("RGB", "RGBA"):
        image.save(path, exif=exif)
        assert np.abs(read_rgb(path).astype(int) - wanted.pixels).max() > 50
        image.save(path, icc_profile=other_profile(), exif=exif)
    np.testing.assert_array_equal(read_rgb(path), wanted.pixels)
    if wanted.alpha is not None:
        rgba = read_rgba(path)
        np.testing.assert_array_equal(rgba[..., :3], wanted.pixels)
        np.testing.assert_array_equal(rgba[..., 3], np.rint(wanted.alpha * 255))


@pytest.mark.parametrize("profile", [None, srgb_profile(), b"no profile" * 30])
def test_pictures_without_a_profile_or_in_srgb_stay_as_they_are(profile: bytes | None, tmp_path: Path) -> None:
    rgb = saved(tmp_path / "rgb.png", Image.fromarray(PIXELS[..., :3]), profile)
    np.testing.assert_array_equal(read_rgb(rgb), PIXELS[..., :3])
    rgba = saved(tmp_path / "rgba.png", Image.fromarray(PIXELS), profile)
    np.testing.assert_array_equal(read_rgba(rgba), PIXELS)
    np.testing.assert_array_equal(read_rgb(rgba), PIXELS[..., :3])
    grey = saved(tmp_path / "grey.png", Image.fromarray(PIXELS[..., 0]), profile)
    np.testing.assert_array_equal(read_rgb(grey), np.repeat(PIXELS[..., :1], 3, 2))


def test_an_alpha_is_a_number_and_no_colour(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(PIXELS[..., 0]), other_profile())
    np.testing.assert_array_equal(read_alpha(path), PIXELS[..., 0])
