"""Compositing arithmetic on pixels worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tress.errors import InputError
from tress.process import composite
from tress.process.composite import compose, over, unpremultiplied


def pixels(*colours: tuple[int, int, int]) -> np.ndarray:
    return np.array([colours], np.uint8)


def alphas(*values: float) -> np.ndarray:
    return np.array([values], np.float32)


def test_over_mixes_by_alpha():
    result = over(pixels((200, 100, 0)), alphas(0.25), (0, 100, 200))
    # 200 * .25 + 0 * .75; 100; 0 * .25 + 200 * .75
    assert result.tolist() == [[[50, 100, 150]]]


def test_over_takes_a_picture_as_background():
    result = over(pixels((255, 0, 0), (255, 0, 0)), alphas(1, 0), pixels((1, 2, 3), (4, 5, 6)))
    assert result.tolist() == [[[255, 0, 0], [4, 5, 6]]]


def test_transparent_result_keeps_straight_colours_and_hides_what_was_there():
    result = compose(pixels((200, 100, 50), (9, 9, 9), (10, 20, 30)), alphas(0.5, 0, 0.001))
    assert result.tolist() == [[[200, 100, 50, 128], [0, 0, 0, 0], [0, 0, 0, 0]]]


def test_translucent_background():
    result = compose(
        pixels((255, 0, 0), (255, 0, 0)), alphas(0.5, 0), background=np.array([0, 0, 255], np.uint8), opacity=0.5
    )
    # alpha .5 + .5 * .5 = .75; red .5 * 255 / .75 = 170; blue .5 * .5 * 255 / .75 = 85
    assert result.tolist() == [[[170, 0, 85, 191], [0, 0, 255, 128]]]


def test_shadow_is_black_between_subject_and_background():
    half = np.array([[128, 128]], np.uint8)
    opaque = compose(pixels((9, 9, 9), (9, 9, 9)), alphas(0, 1), background=np.full(3, 200, np.uint8), shadow=half)
    assert opaque.tolist() == [[[100, 100, 100], [9, 9, 9]]]
    alone = compose(pixels((9, 9, 9), (9, 9, 9)), alphas(0, 1), shadow=half)
    assert alone.tolist() == [[[0, 0, 0, 128], [9, 9, 9, 255]]]


def test_chunks_do_not_show(monkeypatch):
    rng = np.random.default_rng(0)
    colours, behind = rng.integers(0, 256, (2, 7, 5, 3), np.uint8)
    alpha = rng.random((7, 5), np.float32)
    whole = over(colours, alpha, behind)
    monkeypatch.setattr(composite, "_CHUNK_PIXELS", 1)
    assert np.array_equal(over(colours, alpha, behind), whole)


def test_unpremultiplied_gives_colours_back():
    result = unpremultiplied(np.array([50, 0, 300], np.float32), np.array([0.25, 0, 1], np.float32))
    assert result.tolist() == [200, 0, 255]


def test_sizes_must_agree():
    with pytest.raises(InputError, match="background is 2x1"):
        over(pixels((1, 2, 3)), alphas(1), pixels((1, 2, 3), (4, 5, 6)))
