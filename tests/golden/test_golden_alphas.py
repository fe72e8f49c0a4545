"""The whole pipeline with the built-in weights against kept answers, on small versions of the example photos.

The limits let platforms and libraries differ in the last bits and catch everything a person would see.  After a change
that is meant to change the answers, look at the cut-outs, then: python tests/golden/make_golden.py
"""

from pathlib import Path

import cv2
import numpy as np
import pytest

import tress

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
NAMES = sorted(path.stem for path in HERE.glob("*.png"))
LONG_SIDE_PX = 480
# Sums over all pixels / 1000, as in the matting literature; a picture has about 170,000 pixels.
SAD_LIMIT = 0.35
GRADIENT_LIMIT = 0.3


@pytest.fixture(scope="module")
def remover():
    return tress.Remover(threads=2)


def small(name):
    picture = cv2.cvtColor(cv2.imread(str(EXAMPLES / f"{name}.jpg")), cv2.COLOR_BGR2RGB)
    scale = LONG_SIDE_PX / max(picture.shape)
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def gradient(alpha):
    return np.hypot(cv2.Sobel(alpha, -1, 1, 0, scale=0.125), cv2.Sobel(alpha, -1, 0, 1, scale=0.125))


def test_there_are_golden_answers():
    assert len(NAMES) >= 5


@pytest.mark.parametrize("name", NAMES)
def test_alpha_stays_as_it_was(remover, name):
    kept = cv2.imread(str(HERE / f"{name}.png"), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    matte = remover.matte(small(name))
    assert matte.found
    assert np.abs(matte.alpha - kept).sum() / 1000 < SAD_LIMIT
    assert np.abs(gradient(matte.alpha) - gradient(kept)).sum() / 1000 < GRADIENT_LIMIT


@pytest.mark.parametrize("name", ["animal", "car", "product"])
def test_a_small_subject_is_cut_out_like_a_large_one(remover, name):
    picture = small(name)
    ground = [int(value) for value in np.median(picture[[0, -1]].reshape(-1, 3), 0)]
    beside = round(0.75 * LONG_SIDE_PX)
    wide = cv2.copyMakeBorder(picture, *[beside] * 4, cv2.BORDER_CONSTANT, value=ground)
    want = np.pad(remover.matte(picture).alpha, beside) > 0.5
    got = remover.matte(wide).alpha > 0.5
    assert (got & want).sum() / (got | want).sum() > 0.95


def test_an_empty_picture_stays_empty(remover):
    y, x = np.mgrid[0:300, 0:400]
    sky = np.dstack([120 + y // 6, 150 + y // 6, 200 + x // 20]).astype(np.uint8)
    matte = remover.matte(sky)
    assert not matte.found
    assert matte.alpha.max() == 0
