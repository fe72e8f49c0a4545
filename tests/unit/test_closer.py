"""Where a closer look would look, and how it is laid over the first."""

import numpy as np
import pytest

from tress.process.closer import Box, closer_scale, fade, paste, subject_box


def alpha_with(box, size=(60, 80), value=1.0):
    alpha = np.zeros(size, np.float32)
    alpha[box.inside] = value
    return alpha


def test_the_box_is_the_subject_with_a_margin():
    box = subject_box(alpha_with(Box(20, 30, 30, 50)), (600, 800), smallest_share=0.1)
    assert box == Box(200 - 20, 300 + 20, 300 - 20, 500 + 20)


def test_the_box_ends_with_the_picture():
    box = subject_box(alpha_with(Box(0, 20, 70, 80)), (600, 800), smallest_share=0.1)
    assert box == Box(0, 220, 680, 800)


def test_a_speck_is_looked_at_with_its_surroundings():
    box = subject_box(alpha_with(Box(30, 31, 40, 41)), (600, 800), smallest_share=0.25)
    assert box.long_side == pytest.approx(200, abs=2)
    assert box.bottom - box.top == pytest.approx(200, abs=2)


def test_a_subject_that_fills_the_picture_is_looked_at_whole():
    assert subject_box(np.ones((60, 80), np.float32), (600, 800), smallest_share=0.1) == Box(0, 600, 0, 800)


def test_haze_is_no_subject():
    assert subject_box(alpha_with(Box(20, 30, 30, 50), value=0.2), (600, 800), smallest_share=0.1) is None
    assert subject_box(np.zeros((60, 80), np.float32), (600, 800), smallest_share=0.1) is None


def test_the_merged_answer_is_as_fine_as_the_closer_look_and_no_finer_than_the_picture():
    assert closer_scale(Box(0, 500, 0, 1000), (250, 500)) == 0.5
    assert closer_scale(Box(0, 50, 0, 100), (250, 500)) == 1


def test_the_closer_look_fades_out_at_its_sides_but_not_at_the_pictures():
    weight = fade(Box(0, 100, 50, 150), (300, 300))
    assert weight.shape == (100, 100)
    np.testing.assert_array_equal(weight[0, 5:95], 1)
    np.testing.assert_array_equal(weight[-1], 0)
    np.testing.assert_array_equal(weight[:, 0], 0)
    np.testing.assert_array_equal(weight[:, -1], 0)
    assert np.abs(np.diff(weight, axis=1)).max() <= 0.2 + 1e-6


def test_the_subject_lies_where_the_closer_look_counts_in_full():
    box = subject_box(alpha_with(Box(20, 30, 30, 50)), (600, 800), smallest_share=0.1)
    assert fade(box, (600, 800))[20:-20, 20:-20].min() == 1


def test_paste_keeps_the_given_arrays_and_everything_beyond_the_box():
    far = np.arange(100, dtype=np.uint8).reshape(10, 10)
    near, box = np.full((8, 8), 200, np.uint8), Box(2, 6, 3, 9)
    weight = np.zeros((4, 6), np.float32)
    weight[:2] = 0.5
    out = paste(far, near, box, weight)
    assert out.dtype == np.float32
    assert far[2, 3] == 23
    assert near.min() == 200
    np.testing.assert_array_equal(out[2:4, 3:9], (far[2:4, 3:9] + 200.0) / 2)
    untouched = np.ones((10, 10), bool)
    untouched[2:4, 3:9] = False
    np.testing.assert_array_equal(out[untouched], far[untouched])
