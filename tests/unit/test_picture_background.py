"""A picture as background."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tress.errors import InputError
from tress.outputs import parse, render


def png(rows: list[list[tuple[int, ...]]]) -> bytes:
    picture = np.array(rows, np.uint8)
    order = [2, 1, 0, 3][: picture.shape[2]]
    return cv2.imencode(".png", np.ascontiguousarray(picture[..., order]))[1].tobytes()


def on(background: bytes, height: int = 4, width: int = 4) -> np.ndarray:
    image, alpha = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.float32)
    return render(image, alpha, lambda: image, parse({"background": background}))


RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def test_it_covers_the_canvas():
    # 1 high, 3 wide, onto a square: only the middle pixel is seen.
    assert (on(png([[RED, BLUE, RED]])) == BLUE).all()


def test_a_larger_one_is_cut_at_the_sides_evenly():
    result = on(png([[RED] * 2 + [BLUE] * 4 + [RED] * 2] * 4))
    assert (result == BLUE).all()


def test_its_own_transparency_shows_white():
    assert (on(png([[(255, 0, 0, 0)]])) == WHITE).all()


def test_broken_pictures_are_found_before_the_work():
    options = parse({"background": b"no picture at all"})
    with pytest.raises(InputError):
        options.check_files()
