"""Foreground estimation: the old background must not shine through."""

import numpy as np
import pytest

from tress.errors import InputError
from tress.process.foreground import estimate_foreground


def mixed(size=200, foreground=(200, 40, 30), background=(20, 200, 60)):
    """A disc with a wide soft edge, of one colour, on another; with its exact alpha."""
    y, x = np.mgrid[0:size, 0:size]
    distance = np.hypot(y - size / 2, x - size / 2)
    alpha = np.clip((size / 3 - distance) / 20 + 0.5, 0, 1).astype(np.float32)
    colours = np.array(foreground) * alpha[..., None] + np.array(background) * (1 - alpha[..., None])
    return (colours + 0.5).astype(np.uint8), alpha


def test_colours_of_the_subject_come_back():
    image, alpha = mixed()
    soft = (alpha > 0.1) & (alpha < 0.9)
    before = np.abs(image[soft].astype(int) - (200, 40, 30)).mean()
    after = np.abs(estimate_foreground(image, alpha)[soft].astype(int) - (200, 40, 30)).mean()
    assert after < 0.15 * before


def test_sure_pixels_are_left_alone():
    image, alpha = mixed()
    result = estimate_foreground(image, alpha)
    sure = (alpha == 0) | (alpha == 1)
    np.testing.assert_array_equal(result[sure], image[sure])
    assert result is not image


def test_blocks_leave_no_seams():
    # A ramp of alpha across several blocks over constant colours: the estimate must be as smooth as the input.
    alpha = np.tile(np.linspace(0.05, 0.95, 700, dtype=np.float32), (600, 1))
    image = (
        np.array([180, 90, 40]) * alpha[..., None] + np.array([30, 60, 200]) * (1 - alpha[..., None]) + 0.5
    ).astype(np.uint8)
    result = estimate_foreground(image, alpha).astype(int)
    assert np.abs(np.diff(result, axis=0)).max() <= 3
    assert np.abs(np.diff(result, axis=1)).max() <= 6


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
def test_uniform_alpha(value):
    image = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    result = estimate_foreground(image, np.full((50, 60), value, np.float32))
    assert result.shape == image.shape
    if value != 0.5:
        np.testing.assert_array_equal(result, image)


def test_one_pixel():
    assert estimate_foreground(np.full((1, 1, 3), 9, np.uint8), np.full((1, 1), 0.5, np.float32)).shape == (1, 1, 3)


def test_sizes_must_agree():
    with pytest.raises(InputError, match="5x4 but alpha is 4x5"):
        estimate_foreground(np.zeros((4, 5, 3), np.uint8), np.zeros((5, 4), np.float32))
