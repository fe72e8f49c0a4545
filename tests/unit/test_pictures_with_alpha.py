"""Pictures that are cut out already, wholly or in part; the network is known: alpha = red, presence = blue."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tress.api import Remover
from tress.process.cutout import is_finished, on_contrasting_ground

LOCATOR = Path(__file__).parents[1] / "data" / "tiny_locator.onnx"


@pytest.fixture(scope="module")
def remover() -> Remover:
    return Remover(LOCATOR, refine=False, threads=1)


@pytest.fixture(scope="module")
def bundled() -> Remover:
    return Remover(threads=1)


def star(side: int = 96) -> np.ndarray:
    """An alpha with points, soft at its edges, that stands free."""
    y, x = np.mgrid[:side, :side] - side / 2 + 0.5
    reach = side * (0.28 + 0.13 * np.cos(5 * np.arctan2(y, x)))
    return (np.clip(reach - np.hypot(y, x), 0, 1) * 255).astype(np.uint8)


def disc(side: int = 96) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - side / 2 + 0.5
    return (np.clip(side * 0.45 - np.hypot(y, x), 0, 1) * 255).astype(np.uint8)


def cut(alpha: np.ndarray, colour: tuple[int, int, int], hidden: tuple[int, int, int] = (0, 0, 0)) -> np.ndarray:
    rgba = np.empty((*alpha.shape, 4), np.uint8)
    rgba[..., :3], rgba[..., 3] = np.where(alpha[..., None] > 0, np.uint8(colour), np.uint8(hidden)), alpha
    return rgba


@pytest.mark.parametrize("hidden", [(0, 0, 0), (255, 255, 255), (255, 0, 255), (10, 12, 14)])
@pytest.mark.parametrize("colour", [(5, 5, 5), (250, 250, 250), (255, 0, 255)])
def test_a_finished_cutout_stays_whatever_hides_in_it(
    remover: Remover, bundled: Remover, colour: tuple[int, int, int], hidden: tuple[int, int, int]
) -> None:
    given = cut(star(), colour, hidden)
    expected = given * (given[..., 3:] > 0)
    for one in (remover, bundled):
        matte = one.matte(given)
        assert matte.found
        np.testing.assert_array_equal(matte.cutout(), expected)


def test_results_run_again_stay_as_they_are(remover: Remover) -> None:
    photo = np.zeros((96, 96, 3), np.uint8)
    photo[..., 0], photo[..., 1], photo[..., 2] = star(), 90, 255
    once = remover.matte(photo).cutout()
    assert 0.05 < (once[..., 3] > 0).mean() < 0.9
    np.testing.assert_array_equal(remover.matte(once).cutout(), once)
    buffer = io.BytesIO()
    Image.fromarray(once).save(buffer, "PNG")
    np.testing.assert_array_equal(remover.matte(buffer.getvalue()).cutout(), once)


def test_a_plain_form_is_kept_if_the_network_takes_it_for_the_subject(remover: Remover) -> None:
    ball = cut(disc(), (255, 30, 255))
    assert not is_finished(disc() / np.float32(255))
    np.testing.assert_array_equal(remover.matte(ball).alpha, disc() / np.float32(255))


def test_a_round_photo_is_still_cut_out(remover: Remover) -> None:
    photo = cut(disc(), (0, 30, 255))
    photo[30:60, 30:60, 0] = 255
    matte = remover.matte(photo)
    assert matte.alpha[45, 45] > 0.9
    assert matte.alpha[20, 48] < 0.1
    assert matte.alpha[0, 0] == 0


def test_a_plain_form_in_which_nothing_is_found_is_kept(remover: Remover) -> None:
    sign = cut(disc(), (0, 200, 0))
    matte = remover.matte(sign)
    assert matte.found
    np.testing.assert_array_equal(matte.alpha, disc() / np.float32(255))


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 0, 255)])
def test_transparent_everywhere_is_no_subject(remover: Remover, colour: tuple[int, int, int]) -> None:
    matte = remover.matte(cut(np.zeros((40, 50), np.uint8), colour, colour))
    assert not matte.found
    assert matte.alpha.shape == (40, 50)
    assert not matte.alpha.any()
    assert "transparent everywhere" in matte.warnings[0]
    region = remover.matte(cut(star(), (9, 9, 9)), region="0 0 10 10")
    assert not region.found


def test_marks_and_regions_count_in_a_finished_cutout(remover: Remover) -> None:
    given = cut(star(), (20, 20, 20))
    left = np.zeros((96, 96), bool)
    left[:, :48] = True
    own = star() / np.float32(255)
    np.testing.assert_array_equal(remover.matte(given, clear=left).alpha, np.where(left, 0, own))
    np.testing.assert_array_equal(remover.matte(given, keep=left).alpha, own)
    np.testing.assert_array_equal(remover.matte(given, region="0 0 48 96").alpha, np.where(left, own, 0))


def test_the_ground_is_far_from_the_subject() -> None:
    for colour in ((0, 0, 0), (255, 255, 255), (128, 128, 128), (40, 160, 60)):
        rgba = cut(star(), colour)
        shown = on_contrasting_ground(rgba[..., :3], rgba[..., 3] / np.float32(255))
        assert np.linalg.norm(shown[0, 0].astype(float) - colour) > 100
        assert (shown[48, 48] == colour).all()
    opaque = rgba[..., :3]
    assert on_contrasting_ground(opaque, np.ones(opaque.shape[:2], np.float32)) is opaque
