from __future__ import annotations

import cv2
import numpy as np
import pytest

from tress_train.labels.keying import key_white
from tress_train.labels.thin_keying import ThinSettings, key_thin

pytestmark = pytest.mark.train

SIDE_PX, FINE = 160, 8
COLOUR = np.array([70, 40, 120])
LIGHT = np.array([235, 240, 243])


def rods() -> np.ndarray:
    """Alpha ``(160, 160)`` of rods from 2 px on, straight and slanted, and of a ring around a gap."""
    large = np.zeros((SIDE_PX * FINE, SIDE_PX * FINE), np.float32)
    for x, width_px in ((20, 2), (32, 3), (44, 4)):
        cv2.line(large, (x * FINE, 20 * FINE), ((x + 5) * FINE, 140 * FINE), 1.0, width_px * FINE)
    cv2.line(large, (10 * FINE, 80 * FINE), (100 * FINE, 80 * FINE), 1.0, 3 * FINE)
    cv2.circle(large, (110 * FINE, 80 * FINE), 20 * FINE, 1.0, 3 * FINE)
    return cv2.resize(large, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)


def before(ground: float | np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The photo of a subject of one colour."""
    a = alpha[..., None]
    return np.rint(a * COLOUR + (1 - a) * ground).astype(np.uint8)


def plate() -> np.ndarray:
    """A photo of a dark frame around a light area of 30 by 30 px, with a highlight of 2 by 2 in the frame."""
    photo = np.full((SIDE_PX, SIDE_PX, 3), 255, np.uint8)
    photo[40:100, 40:100] = COLOUR
    photo[55:85, 55:85] = LIGHT
    photo[45:47, 45:47] = 248
    return photo


def test_rods_and_gaps_keep_their_alpha_and_colour() -> None:
    alpha = rods()
    cutout = key_thin(before(255, alpha), ThinSettings())
    error = np.abs(cutout[..., 3] / 255 - alpha)
    soft = (alpha > 0) & (alpha < 1)
    assert error.mean() < 0.003
    assert error[soft].mean() < 0.06
    assert cutout[80, 110, 3] == 0
    assert (cutout[alpha == 1][:, 3] == 255).all()
    colours = cutout[..., :3].astype(float)
    assert np.abs(colours - COLOUR)[cutout[..., 3] > 0].mean() < 5
    assert (colours[cutout[..., 3] == 0] == 0).all()


def test_soft_alpha_stays_within_a_pixel_of_the_edge() -> None:
    # A shadow below the threshold, as wide as a subject.
    photo = before(255, rods())
    photo[:, 135:] = 225
    cutout = key_thin(photo, ThinSettings())
    assert (cutout[:, 137:, 3] == 0).all()
    assert (cutout[80, 128:132, 3] > 200).any()


def test_enclosed_light_areas_are_subject_where_their_median_says_so() -> None:
    filled = key_thin(plate(), ThinSettings(fill_median=8))
    np.testing.assert_array_equal(filled[60:80, 60:80, 3], 255)
    np.testing.assert_array_equal(filled[60:80, 60:80, :3], plate()[60:80, 60:80])
    assert (key_thin(plate(), ThinSettings(fill_median=30))[60:80, 60:80, 3] == 0).all()


def test_highlights_are_no_gaps_whatever_the_median() -> None:
    cutout = key_thin(plate(), ThinSettings(fill_median=30))
    assert (cutout[43:50, 43:50, 3] == 255).all()
    photo = plate()
    photo[45:47, 45:47] = 255
    assert (key_thin(photo, ThinSettings(fill_median=30))[45:47, 45:47, 3] == 0).all()


def test_the_threshold_says_how_light_a_subject_may_be() -> None:
    photo = np.full((60, 60, 3), 255, np.uint8)
    photo[20:40, 28:32] = 220
    assert not key_thin(photo, ThinSettings(threshold=50)).any()
    assert (key_thin(photo, ThinSettings(threshold=20))[21:39, 29:31, 3] == 255).all()


def test_dust_and_if_asked_smaller_parts_are_left_out() -> None:
    photo = plate()
    photo[10:13, 10:13] = 0
    photo[120:124, 10:30] = 0
    cutout = key_thin(photo, ThinSettings())
    assert not cutout[:20].any()
    assert cutout[122, 20, 3] == 255
    cutout = key_thin(photo, ThinSettings(largest=True))
    assert not cutout[110:].any()
    assert cutout[50, 50, 3] == 255


def test_frames_are_trimmed_and_tinted_grounds_made_white() -> None:
    alpha = rods()
    photo = before(np.array([233, 241, 234]), alpha)
    photo[[0, 1, -1, -2]] = photo[:, [0, 1, -1, -2]] = 0
    cutout = key_thin(photo, ThinSettings(threshold=20, trim_px=2, ground=(233, 241, 234)))
    assert cutout.shape == (SIDE_PX - 4, SIDE_PX - 4, 4)
    assert np.abs(cutout[..., 3] / 255 - alpha[2:-2, 2:-2]).mean() < 0.01


def test_what_is_thick_enough_is_keyed_by_its_colours() -> None:
    photo = plate()
    cutout, expected = key_thin(photo, ThinSettings(solid=True)), key_white(photo)
    np.testing.assert_array_equal(cutout[..., 3], expected[..., 3])
    visible = expected[..., 3] > 0
    np.testing.assert_array_equal(cutout[visible], expected[visible])


@pytest.mark.parametrize("largest", [False, True])
def test_an_empty_photo_stays_empty(largest: bool) -> None:
    assert not key_thin(np.full((40, 50, 3), 255, np.uint8), ThinSettings(largest=largest)).any()
