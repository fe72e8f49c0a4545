"""Where a picture lies in a network's input."""

import numpy as np
import pytest

from tress.process.geometry import crop_resized, fit, resize, round_up, warp


@pytest.mark.parametrize("size", [(480, 640), (640, 480), (512, 512), (7, 1000), (1, 1), (33, 65)])
def test_fit_gives_multiples_and_keeps_the_aspect(size):
    fitted, placement = fit(np.zeros((*size, 3), np.uint8), 512, 32)
    assert fitted.shape[0] % 32 == 0
    assert fitted.shape[1] % 32 == 0
    assert max(placement.inner_height_px, placement.inner_width_px) == 512
    wanted = size[0] / size[1]
    got = placement.inner_height_px / placement.inner_width_px
    # Rounding the short side to whole pixels may cost half of one.
    assert abs(got - wanted) / wanted < 0.6 / min(placement.inner_height_px, placement.inner_width_px)


def test_padding_repeats_the_edge():
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[-1] = 77
    fitted, placement = fit(picture, 200, 32)
    assert (fitted[placement.inner_height_px :] == 77).all()


def test_resize_averages_when_it_shrinks():
    checkers = np.indices((64, 64)).sum(0) % 2
    small = resize((checkers * 255).astype(np.uint8), 16, 16)
    assert np.abs(small.astype(int) - 127).max() <= 1


def test_warp_by_identity_changes_nothing():
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    np.testing.assert_array_equal(warp(picture, np.eye(2, 3), 20, 30), picture)


def test_warp_that_shrinks_agrees_with_resize():
    y, x = np.mgrid[0:240, 0:320].astype(np.float32)
    picture = (np.sin(x / 25) + np.cos(y / 30)).astype(np.float32)
    # Half-pixel centres: target = (source + 0.5) / 4 - 0.5.
    matrix = np.array([[0.25, 0, -0.375], [0, 0.25, -0.375]])
    assert np.abs(warp(picture, matrix, 60, 80) - resize(picture, 60, 80)).max() < 0.05


def test_warp_fills_with_the_border_value():
    out = warp(np.full((10, 10), 255, np.uint8), np.array([[1.0, 0, 5], [0, 1, 0]]), 10, 10, border=0)
    assert out[:, :5].max() == 0
    assert out[:, 5:].min() == 255


@pytest.mark.parametrize(("value", "want"), [(1, 32), (32, 32), (33, 64)])
def test_round_up(value, want):
    assert round_up(value, 32) == want


@pytest.mark.parametrize("ends", [(0.0, 1.0, 0.0, 1.0), (0.25, 0.75, 0.5, 1.0), (0.1, 0.43, 0.2, 0.9)])
def test_a_part_at_another_size_is_what_resizing_the_whole_gives(ends):
    rows, columns = np.mgrid[0:40, 0:60].astype(np.float32)
    plane = np.sin(rows / 5) + np.cos(columns / 7)
    scale = 3
    whole = resize(plane, 40 * scale, 60 * scale)
    top, bottom = (round(end * 40 * scale) for end in ends[:2])
    left, right = (round(end * 60 * scale) for end in ends[2:])
    exact = (top / 120, bottom / 120, left / 180, right / 180)
    part = crop_resized(plane, exact, bottom - top, right - left)
    # warpAffine knows 32 positions between two pixels.
    assert np.abs(part - whole[top:bottom, left:right]).max() < 0.02


def test_beyond_the_picture_a_part_repeats_its_edge():
    plane = np.arange(12, dtype=np.float32).reshape(3, 4)
    part = crop_resized(plane, (0.0, 2.0, 0.0, 1.0), 6, 4)
    np.testing.assert_allclose(part, np.repeat(plane, [1, 1, 4], axis=0))
