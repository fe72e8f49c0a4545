"""What each option does to a small picture, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tress.errors import InputError
from tress.outputs import parse, render
from tress.outputs.backdrop import blurred_scene
from tress.outputs.background import Blur
from tress.outputs.box import Box, subject_box
from tress.outputs.layout import Layout, lay_out

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def scene(height: int = 8, width: int = 10, box: tuple[int, int, int, int] = (4, 2, 2, 4)):
    """A red subject at box (left, top, width, height) on green; returns image and alpha."""
    left, top, w, h = box
    image = np.full((height, width, 3), GREEN, np.uint8)
    alpha = np.zeros((height, width), np.float32)
    image[top : top + h, left : left + w] = RED
    alpha[top : top + h, left : left + w] = 1
    return image, alpha


def never() -> np.ndarray:
    raise AssertionError("the foreground was not needed")


def make(image, alpha, foreground=never, **values):
    return render(image, alpha, foreground, parse(values))


def test_cutout_keeps_subject_and_empties_the_rest():
    image, alpha = scene()
    result = make(image, alpha)
    assert result.shape == (8, 10, 4)
    assert (result[alpha == 1] == (*RED, 255)).all()
    assert (result[alpha == 0] == 0).all()


def test_mask_is_the_alpha():
    image, alpha = scene()
    alpha[0, 0] = 0.5
    result = make(image, alpha, mask=True)
    assert result.shape == (8, 10)
    assert (result[0, 0], result[3, 4], result[7, 9]) == (128, 255, 0)


def test_foreground_colours_are_used_only_where_alpha_is_soft():
    image, alpha = scene()
    alpha[2, 4] = 0.5
    image[2, 4] = (128, 128, 0)
    clean = image.copy()
    clean[2, 4] = RED
    calls = []

    def foreground():
        calls.append(1)
        return clean

    assert make(image, alpha, foreground)[2, 4].tolist() == [*RED, 128]
    assert len(calls) == 1
    assert make(image, alpha, decontaminate=False)[2, 4].tolist() == [128, 128, 0, 128]


def test_foreground_of_another_size_is_an_error():
    image, alpha = scene()
    alpha[0, 0] = 0.5
    with pytest.raises(InputError, match="foreground is 5x5"):
        make(image, alpha, lambda: np.zeros((5, 5, 3), np.uint8))


def test_background_colour():
    image, alpha = scene()
    result = make(image, alpha, background="blue")
    assert result.shape == (8, 10, 3)
    assert (result[alpha == 1] == RED).all()
    assert (result[alpha == 0] == BLUE).all()


def test_translucent_background_gives_rgba():
    image, alpha = scene()
    result = make(image, alpha, background="#0000ff80")
    assert (result[alpha == 1] == (*RED, 255)).all()
    assert (result[alpha == 0] == (*BLUE, 128)).all()


def test_blur_leaves_no_ghost_of_the_subject():
    image, alpha = scene(60, 80, (30, 20, 20, 20))
    blurred = blurred_scene(image, alpha, Blur(5))
    # The subject is red; without it the scene is pure green everywhere.
    assert (blurred[..., 0] <= 1).all()
    assert (blurred[..., 1] >= 254).all()
    result = make(image, alpha, background="blur:5%")
    assert result.shape == (60, 80, 3)
    assert (result[alpha == 1] == RED).all()


def test_blur_of_a_photo_that_is_all_subject():
    image, alpha = scene(8, 8, (0, 0, 8, 8))
    assert (blurred_scene(image, alpha, Blur(2)) == RED).all()


def test_blurred_scene_stays_behind_its_subject_when_placed():
    image, alpha = scene(40, 40, (10, 10, 4, 4))
    image[:, 20:] = BLUE
    result = make(image, alpha, background="blur:0.1%", size="80x80")
    assert result[40, 20].tolist() == list(GREEN)
    assert result[40, 60].tolist() == list(BLUE)


def test_crop_to_the_subject():
    image, alpha = scene()
    result = make(image, alpha, crop=True)
    assert result.shape == (4, 2, 4)
    assert (result == (*RED, 255)).all()


def test_crop_margin_in_pixels_and_percent():
    image, alpha = scene()
    # Subject 2 wide, 4 high: 50% is 1 at the sides and 2 above and below.
    assert make(image, alpha, crop=True, margin="50%").shape == (8, 4, 4)
    result = make(image, alpha, crop=True, margin="1px 2px 3px 4px")
    assert result.shape == (4 + 1 + 3, 2 + 2 + 4, 4)
    assert (result[1:5, 4:6] == (*RED, 255)).all()
    assert result[..., 3].sum() == 255 * 8


def test_crop_margin_beyond_the_photo():
    image, alpha = scene(8, 10, (0, 0, 10, 8))
    result = make(image, alpha, crop=True, margin="3px", background="blue")
    assert result.shape == (14, 16, 3)
    assert (result[3:11, 3:13] == RED).all()
    assert (result[:3] == BLUE).all()


def test_no_subject_leaves_nothing_to_crop_or_place():
    image, alpha = scene()
    alpha[:] = 0
    assert make(image, alpha, crop=True, margin="5px", scale=50).shape == (8, 10, 4)


def test_size_as_canvas_fits_and_centres():
    image, alpha = scene(8, 10)
    result = make(image, alpha, size="20x20", background="blue")
    # Scaled by 2 to 20x16, two rows above and below.
    assert result.shape == (20, 20, 3)
    assert (result[:2] == BLUE).all()
    assert (result[2 + 6 : 2 + 10, 8 + 1 : 8 + 3] == RED).all()


def test_size_limits_only_shrink():
    image, alpha = scene(8, 10)
    assert make(image, alpha, size="5").shape == (4, 5, 4)
    assert make(image, alpha, size="500").shape == (8, 10, 4)
    big_image, big_alpha = scene(100, 200, (50, 20, 50, 50))
    assert make(big_image, big_alpha, size="0.005mp").shape == (50, 100, 4)
    assert make(big_image, big_alpha, size="1mp").shape == (100, 200, 4)


def test_cropped_canvas_with_pixel_margin_counts_in_pixels_of_the_result():
    image, alpha = scene(40, 40, (10, 10, 10, 20))
    result = make(image, alpha, crop=True, margin="10px", size="100x100")
    # 80 px are left for the 20 px high subject: four times as large, 40x80.
    ys, xs = np.nonzero(result[..., 3] > 127)
    assert (xs.min(), xs.max() + 1, ys.min(), ys.max() + 1) == (30, 70, 10, 90)


def test_megapixels_count_the_pixel_margin():
    image, alpha = scene(100, 100, (0, 0, 100, 100))
    height, width, _ = make(image, alpha, crop=True, margin="50px", size="0.0225mp").shape
    assert (height, width) == (150, 150)


def test_margin_without_room_is_an_error():
    image, alpha = scene()
    with pytest.raises(InputError) as caught:
        make(image, alpha, crop=True, margin="60px", size="100x100")
    assert caught.value.code == "margin_too_large"


def test_scale_centres_the_subject():
    image, alpha = scene(100, 100, (0, 0, 10, 20))
    result = make(image, alpha, scale="80")
    ys, xs = np.nonzero(result[..., 3] > 127)
    assert (xs.min(), xs.max() + 1, ys.min(), ys.max() + 1) == (30, 70, 10, 90)


def test_scale_at_its_original_place_keeps_the_centre():
    image, alpha = scene(100, 100, (20, 30, 20, 20))
    result = make(image, alpha, scale="10", position="original")
    ys, xs = np.nonzero(result[..., 3] > 127)
    assert (xs.min(), xs.max() + 1, ys.min(), ys.max() + 1) == (25, 35, 35, 45)


def test_position_moves_without_scaling():
    image, alpha = scene(8, 10)
    result = make(image, alpha, position="0% 100%")
    assert (result[4:, :2] == (*RED, 255)).all()
    assert result[..., 3].sum() == 255 * 8
    assert (make(image, alpha, position="original") == make(image, alpha)).all()


def test_resizing_bleeds_no_hidden_colour():
    image, alpha = scene(60, 60, (20, 20, 21, 21))
    for size in ("31", "97x97"):
        result = make(image, alpha, size=size)
        visible = result[..., 3] > 0
        assert (result[visible][:, 0] >= 254).all()
        assert (result[visible][:, 1] <= 1).all()


def test_enlarging_a_tiny_subject_costs_only_the_canvas():
    image, alpha = scene(400, 400, (200, 200, 1, 1))
    result = make(image, alpha, scale="100", background="white")
    assert result.shape == (400, 400, 3)
    assert (result[200, 200] == RED).all()


def test_canvas_of_absurd_size_is_refused():
    layout_of_big = parse({"crop": True, "margin": "5000px"})
    with pytest.raises(InputError) as caught:
        lay_out(10, 10, Box(0, 0, 10, 10), layout_of_big)
    assert caught.value.code == "canvas_too_large"


def test_a_large_photo_may_come_out_at_its_own_size():
    assert lay_out(20_000, 10_000, None, parse({})) == Layout(20_000, 10_000)


def test_feather_fades_inwards_only():
    image, alpha = scene(40, 40, (10, 10, 20, 20))
    result = make(image, alpha, feather="4", mask=True)
    assert (result[alpha == 0] == 0).all()
    row = result[20].astype(int)
    assert row[10] < 60
    assert row[20] == 255
    assert (np.diff(row[10:20]) >= 0).all()


def test_a_wide_feather_reaches_as_far_as_asked():
    image, alpha = scene(200, 200, (20, 20, 160, 160))
    row = make(image, alpha, feather="60", mask=True)[100].astype(int)
    assert row[20] < 30
    assert 60 < row[40] < 200
    assert row[85] > 235
    assert (row[:20] == 0).all()


def test_drop_shadow_falls_to_the_lower_right_and_keeps_the_subject():
    image, alpha = scene(100, 100, (30, 30, 40, 40))
    result = make(image, alpha, shadow="drop")
    assert (result[alpha == 1] == (*RED, 255)).all()
    assert result[71, 50, 3] > result[28, 50, 3]
    assert result[50, 71, 3] > result[50, 28, 3]
    assert (result[alpha == 0][:, :3] == 0).all()


def test_contact_shadow_lies_on_the_ground():
    image, alpha = scene(100, 100, (30, 30, 40, 40))
    opacity = make(image, alpha, shadow="contact")[..., 3]
    assert opacity[71, 50] > 60
    assert opacity[50, 75] == 0
    assert opacity[25, 50] == 0


def test_shadow_darkens_the_background():
    image, alpha = scene(100, 100, (30, 30, 40, 40))
    result = make(image, alpha, shadow="drop", background="white")
    assert result[70, 50, 0] < 200
    assert result[5, 5].tolist() == [255, 255, 255]


def test_shadow_of_nothing():
    image, alpha = scene()
    alpha[:] = 0
    assert not make(image, alpha, shadow="contact").any()


def test_one_pixel():
    image, alpha = np.full((1, 1, 3), RED, np.uint8), np.ones((1, 1), np.float32)
    for values in ({}, {"background": "blur"}, {"shadow": "drop"}, {"feather": 3}, {"crop": True, "size": "3x2"}):
        make(image, alpha, **values)


def test_wrong_arrays_are_input_errors():
    image, alpha = scene()
    with pytest.raises(InputError, match="image is 10x8 but alpha is 9x8"):
        make(image, alpha[:, :9])
    with pytest.raises(InputError, match="must lie in"):
        make(image, alpha * 2)


def test_subject_box_ignores_what_is_too_faint_to_see():
    _, alpha = scene()
    alpha[0, 0] = 0.04
    assert subject_box(alpha) == Box(4, 2, 2, 4)
    assert subject_box(np.zeros((3, 3), np.float32)) is None
