import numpy as np
import pytest
from PIL import Image

from tress.errors import InputError
from tress.evaluation.alpha_file import read_alpha

LEVELS = np.array([[0, 1, 128, 255]], np.uint8)


def saved(tmp_path, image: Image.Image) -> object:
    path = tmp_path / "a.png"
    image.save(path)
    return path


def test_grey_of_8_and_16_bits(tmp_path):
    np.testing.assert_allclose(read_alpha(saved(tmp_path, Image.fromarray(LEVELS))).alpha, LEVELS / 255, atol=1e-7)
    deep = np.array([[0, 1, 32768, 65535]], np.uint16)
    found = read_alpha(saved(tmp_path, Image.fromarray(deep)))
    np.testing.assert_allclose(found.alpha, deep / 65535, atol=1e-7)
    assert found.foreground is None


def test_one_bit_and_grey_colour(tmp_path):
    assert read_alpha(saved(tmp_path, Image.fromarray(LEVELS > 100))).alpha.tolist() == [[0, 0, 1, 1]]
    rgb = Image.fromarray(np.repeat(LEVELS[..., None], 3, axis=2))
    np.testing.assert_allclose(read_alpha(saved(tmp_path, rgb)).alpha, LEVELS / 255, atol=1e-7)


def test_a_cut_out_gives_its_fourth_channel_and_its_colours(tmp_path):
    rgba = np.full((1, 4, 4), 90, np.uint8)
    rgba[..., 3] = LEVELS
    found = read_alpha(saved(tmp_path, Image.fromarray(rgba)))
    np.testing.assert_allclose(found.alpha, LEVELS / 255, atol=1e-7)
    assert (found.foreground == 90).all()


def test_no_colour_profile_changes_the_numbers(tmp_path):
    from PIL import ImageCms

    path = tmp_path / "a.png"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    Image.fromarray(LEVELS).save(path, icc_profile=profile)
    np.testing.assert_allclose(read_alpha(path).alpha, LEVELS / 255, atol=1e-7)


def test_what_is_wrong_is_said(tmp_path):
    colour = np.zeros((2, 2, 3), np.uint8)
    colour[0, 0, 0] = 9
    torn = tmp_path / "torn.png"
    torn.write_bytes(b"\x89PNG\r\n\x1a\n123")
    for path, code in (
        (tmp_path / "none.png", "alpha_missing"),
        (torn, "alpha_unreadable"),
        (saved(tmp_path, Image.fromarray(colour)), "alpha_not_grey"),
    ):
        with pytest.raises(InputError) as caught:
            read_alpha(path)
        assert caught.value.code == code
