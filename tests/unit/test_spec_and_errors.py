"""Model specs, array checks and errors."""

import pickle

import numpy as np
import pytest

from tress.arrays import check_alpha, check_rgb8, check_same_size
from tress.errors import BusyError, InputError, ModelError, TressError
from tress.spec import METADATA_KEY, ModelSpec

SPEC = ModelSpec("a", "1", "locator", 512, mean=(0.1, 0.2, 0.3), has_presence=True, notes="n")


def test_a_spec_survives_the_file():
    assert ModelSpec.from_metadata(SPEC.to_metadata()) == SPEC


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({}, "model_spec_missing"),
        ({METADATA_KEY: "{"}, "model_spec"),
        ({METADATA_KEY: '{"name": "a"}'}, "model_spec"),
        ({METADATA_KEY: '{"name":"a","version":"1","task":"locator","long_side_px":512,"new":1}'}, "model_spec"),
        ({METADATA_KEY: '{"name":"a","version":"1","task":"painter","long_side_px":512}'}, "model_spec"),
        ({METADATA_KEY: '{"name":"a","version":"1","task":"locator","long_side_px":8}'}, "model_spec"),
    ],
)
def test_a_spec_that_cannot_be_understood_is_an_error(metadata, code):
    with pytest.raises(ModelError) as caught:
        ModelSpec.from_metadata(metadata)
    assert caught.value.code == code


@pytest.mark.parametrize("kind", [InputError, ModelError, BusyError])
def test_errors_cross_process_borders(kind):
    error = pickle.loads(pickle.dumps(kind("some_code", "it broke", hint="mend it")))
    assert type(error) is kind
    assert isinstance(error, TressError)
    assert (error.code, error.message, error.hint) == ("some_code", "it broke", "mend it")
    assert str(error) == "it broke (mend it)"


@pytest.mark.parametrize(
    "array",
    [None, [[1]], np.zeros((2, 2)), np.zeros((2, 2, 3)), np.zeros((2, 2, 4), np.uint8), np.zeros((0, 2, 3), np.uint8)],
)
def test_check_rgb8_refuses(array):
    with pytest.raises(InputError):
        check_rgb8(array)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 2), np.float64),
        np.zeros((2, 2, 1), np.float32),
        np.full((2, 2), 1.5, np.float32),
        np.full((2, 2), -0.1, np.float32),
        np.full((2, 2), np.nan, np.float32),
    ],
)
def test_check_alpha_refuses(array):
    with pytest.raises(InputError):
        check_alpha(array)


def test_checks_give_back_what_is_right():
    rgb, alpha = np.zeros((2, 3, 3), np.uint8), np.ones((2, 3), np.float32)
    assert check_rgb8(rgb) is rgb
    assert check_alpha(alpha) is alpha
    check_same_size(rgb, alpha, ("image", "alpha"))
