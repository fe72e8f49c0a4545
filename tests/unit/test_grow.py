from __future__ import annotations

import cv2
import numpy as np
import pytest

from tress.outputs import parse, render
from tress.outputs.grow import grown


def disc(radius: float, size: int = 128) -> np.ndarray:
    """Antialiased, drawn at eight times its size."""
    large = cv2.circle(np.zeros((8 * size, 8 * size), np.float32), (4 * size, 4 * size), round(8 * radius), 1.0, -1)
    return cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA)


def radius_of(alpha: np.ndarray) -> float:
    return float(np.sqrt(alpha.sum() / np.pi))


@pytest.mark.parametrize("px", [1, 2, 7, 2.5, 20, -1, -2.5, -12])
def test_a_disc_gets_wider_or_narrower_by_as_many_pixels(px: float) -> None:
    alpha = disc(30)
    moved = grown(alpha, px)
    assert (moved >= alpha if px > 0 else moved <= alpha).all()
    assert radius_of(moved) - radius_of(alpha) == pytest.approx(px, abs=0.08 * abs(px) + 0.2)


def test_the_edge_stays_as_soft_as_it_was() -> None:
    ramp = np.clip((np.arange(60, dtype=np.float32) - 20) / 10, 0, 1)[None].repeat(40, 0)
    moved = grown(ramp, 5)
    np.testing.assert_array_equal(moved[:, :50], ramp[:, 5:55])
    np.testing.assert_array_equal(grown(ramp, -5)[:, 10:], ramp[:, 5:55])
    half = grown(ramp, 0.5)
    np.testing.assert_allclose(half[:, :-1], (ramp[:, :-1] + ramp[:, 1:]) / 2, atol=1e-6)


def test_what_the_frame_cuts_stays_cut() -> None:
    alpha = np.zeros((40, 40), np.float32)
    alpha[:, 10:] = 1
    assert (grown(alpha, -3)[:, 13:] == 1).all()
    assert grown(alpha, 0) is alpha


def test_invert_swaps_subject_and_background() -> None:
    image = np.full((64, 64, 3), 40, np.uint8)
    alpha = disc(16, 64)
    image[alpha > 0.5] = 200
    kept = np.full((64, 64, 3), 77, np.uint8)
    mask = render(image, alpha, lambda: kept, parse({"mask": True, "invert": True}))
    np.testing.assert_array_equal(mask, np.floor((1 - alpha) * 255 + 0.5).astype(np.uint8))
    cut = render(image, alpha, lambda: image, parse({"invert": True}))
    assert cut[32, 32].tolist() == [0, 0, 0, 0]
    assert cut[0, 0].tolist() == [40, 40, 40, 255]
    wider = render(image, alpha, lambda: image, parse({"mask": True, "invert": True, "grow": "4"}))
    assert wider.sum() < mask.sum()
