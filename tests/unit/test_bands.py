"""The unknown band."""

import numpy as np

from tress.process.bands import unknown_band


def test_band_is_what_is_soft_or_doubted():
    alpha = np.zeros((5, 9), np.float32)
    alpha[:, 5:] = 1
    alpha[2, 4] = 0.5
    doubt = np.zeros((5, 9), np.uint8)
    doubt[0, 0] = 255
    band = unknown_band(alpha, doubt, reach_px=0)
    assert {tuple(p) for p in np.argwhere(band)} == {(0, 0), (2, 4)}


def test_reach_widens_it():
    alpha = np.zeros((9, 9), np.float32)
    alpha[4, 4] = 0.5
    band = unknown_band(alpha, None, reach_px=2)
    assert band.sum() == 25
    assert band[2:7, 2:7].all()
