from __future__ import annotations

import cv2
import numpy as np
import pytest

from tress.errors import InputError
from tress.process.difficulty import (
    background_texture,
    count_holes,
    count_subjects,
    edge_contrast,
    measure,
    soft_share,
)


def disc(height: int, width: int, x: int, y: int, radius: int) -> np.ndarray:
    return cv2.circle(np.zeros((height, width), np.float32), (x, y), radius, 1.0, -1)


def picture(alpha: np.ndarray, subject: tuple[int, int, int], background: tuple[int, int, int]) -> np.ndarray:
    a = alpha[..., None]
    return (a * np.array(subject) + (1 - a) * np.array(background)).round().astype(np.uint8)


def test_two_people_apart_are_two_and_a_speck_is_none() -> None:
    alpha = np.maximum(disc(200, 300, 80, 100, 40), disc(200, 300, 220, 100, 40))
    alpha[5, 5] = 1
    assert count_subjects(alpha > 0.5) == 2
    assert count_subjects(np.zeros((10, 10), bool)) == 0


def test_a_ring_has_one_hole_and_a_notch_at_the_border_is_none() -> None:
    ring = disc(200, 200, 100, 100, 60) - disc(200, 200, 100, 100, 25)
    assert count_holes(ring > 0.5) == 1
    opened = ring.copy()
    opened[95:105, 100:] = 0
    assert count_holes(opened > 0.5) == 0


def test_contrast_is_the_lab_distance() -> None:
    alpha = disc(200, 200, 100, 100, 60)
    assert edge_contrast(picture(alpha, (255, 255, 255), (0, 0, 0)), alpha) == pytest.approx(100, abs=0.5)
    assert edge_contrast(picture(alpha, (90, 90, 90), (90, 90, 90)), alpha) == pytest.approx(0, abs=1e-4)


def test_contrast_falls_when_part_of_the_edge_vanishes() -> None:
    alpha = disc(200, 200, 100, 100, 60)
    image = picture(alpha, (250, 250, 250), (0, 0, 0))
    image[:, 100:][alpha[:, 100:] < 0.5] = 250
    low = edge_contrast(image, alpha)
    assert low is not None
    assert low < 5


def test_contrast_skips_what_a_rough_mask_gets_wrong() -> None:
    true = disc(200, 200, 100, 100, 60)
    rough = disc(200, 200, 100, 100, 63)
    image = picture(true, (200, 40, 40), (40, 200, 40))
    exact, off = edge_contrast(image, true), edge_contrast(image, rough, edge_error_px=4)
    assert off == pytest.approx(exact, rel=0.05)


def test_smooth_light_is_no_texture_but_noise_is() -> None:
    alpha = disc(200, 200, 100, 100, 40)
    ramp = np.repeat(np.linspace(0, 200, 200)[None], 200, 0)[..., None].repeat(3, 2).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    smooth, rough = background_texture(ramp, alpha), background_texture(noise, alpha)
    assert smooth is not None
    assert rough is not None
    assert smooth < 0.5
    assert rough > 5


def test_texture_under_the_subject_does_not_count() -> None:
    alpha = disc(200, 200, 100, 100, 60)
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3))
    image = np.where(alpha[..., None] > 0, noise, 128).astype(np.uint8)
    assert background_texture(image, alpha) == 0


def test_antialiasing_is_not_soft_but_hair_is() -> None:
    big = disc(800, 800, 400, 400, 200)
    antialiased = cv2.resize(big, (200, 200), interpolation=cv2.INTER_AREA)
    assert soft_share(antialiased) == 0
    hair = antialiased.copy()
    hair[10:40, 20:180:4] = 0.4
    assert soft_share(hair) > 0.1


def test_measures_survive_a_change_of_size() -> None:
    alpha = np.clip(cv2.GaussianBlur(disc(512, 512, 256, 256, 150), (0, 0), 12), 0, 1)
    image = picture(alpha, (200, 150, 120), (40, 60, 90))
    small = measure(image, alpha)
    large = measure(cv2.resize(image, (1024, 1024)), np.clip(cv2.resize(alpha, (1024, 1024)), 0, 1))
    assert large.contrast == pytest.approx(small.contrast, rel=0.1)
    assert large.soft_share == pytest.approx(small.soft_share, rel=0.1)
    assert large.size == pytest.approx(small.size, rel=0.01)


def test_an_empty_picture_and_a_full_one_have_no_edge() -> None:
    image = np.full((64, 64, 3), 100, np.uint8)
    empty = measure(image, np.zeros((64, 64), np.float32))
    full = measure(image, np.ones((64, 64), np.float32))
    assert (empty.subjects, empty.size, empty.contrast, empty.soft_share) == (0, 0.0, None, 0.0)
    assert (full.subjects, full.texture, full.contrast) == (1, None, None)


def test_soft_share_of_a_binary_label_is_not_known() -> None:
    alpha = disc(64, 64, 32, 32, 20)
    assert measure(picture(alpha, (9, 9, 9), (200, 9, 9)), alpha, soft_is_known=False).soft_share is None


def test_sizes_that_differ_are_named() -> None:
    with pytest.raises(InputError) as error:
        measure(np.zeros((10, 12, 3), np.uint8), np.zeros((10, 11), np.float32))
    assert error.value.code == "size_mismatch"
