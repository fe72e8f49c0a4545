"""The part of a photo in which the subject is looked for; the network's answer is known: alpha = red."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tress
from tress.api import Remover, _shared
from tress.cli.main import main
from tress.errors import InputError
from tress.outputs import OutputOptions, parse
from tress.outputs.box import Box
from tress.outputs.lengths import Length
from tress.outputs.region import Region, read_region
from tress.produce import produce

LOCATOR = Path(__file__).parents[1] / "data" / "tiny_locator.onnx"


@pytest.fixture(scope="module")
def remover():
    return Remover(LOCATOR, refine=False, threads=1)


@pytest.fixture
def two_things():
    """Red things left and right on blue ground: ``(48, 96, 3)``."""
    picture = np.zeros((48, 96, 3), np.uint8)
    picture[..., 2] = 255
    picture[8:40, 8:32, 0] = 255
    picture[8:40, 60:88, 0] = 255
    return picture


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("0 0 200 100", Box(0, 0, 200, 100)),
        ("10% 20% 60% 100%", Box(20, 20, 100, 80)),
        ("20px, 10% 60 40PX", Box(20, 10, 40, 30)),
        ("60 40 20 10", Box(20, 10, 40, 30)),
    ],
)
def test_corners_in_pixels_and_percent(text, box):
    region = parse({"region": text}).region
    assert region.box(200, 100) == box
    assert read_region(str(region)) == region


@pytest.mark.parametrize("text", ["1 2 3", "1 2 3 4 5", "-1 0 4 4", "a b c d", "1 2 3 4em", "0 0 1 1e9"])
def test_what_is_no_region(text):
    with pytest.raises(InputError, match="it must be two corners") as caught:
        parse({"region": text})
    assert caught.value.code == "option_value"
    with pytest.raises(InputError, match="it must be two corners"):
        read_region(text)


@pytest.mark.parametrize(
    "value", [5, (1, 2, 3), (1, None, 3, 4), ((1, 2), (3, 4)), (-1, 0, 4, 4), (float("nan"), 0, 4, 4)]
)
def test_what_is_no_region_in_numbers(remover, two_things, value):
    with pytest.raises(InputError, match="it must be two corners") as caught:
        remover.matte(two_things, region=value)
    assert caught.value.code == "option_value"


def test_numbers_of_any_kind():
    assert read_region((np.int64(20), 10.4, 60, np.float32(40))).box(200, 100) == Box(20, 10, 40, 30)


def test_a_ready_value_is_checked():
    with pytest.raises(InputError, match="it must be two corners"):
        OutputOptions(region=Region(Length(-1), Length(0), Length(5), Length(5)))
    with pytest.raises(InputError, match="it must be two corners"):
        OutputOptions(region="0 0 5 5")


@pytest.mark.parametrize(
    ("text", "code"),
    [("0 0 97 48", "region_outside"), ("0 0 101% 48", "region_outside"), ("9 0 9 48", "region_empty")],
)
def test_a_region_must_lie_in_the_picture(remover, two_things, text, code):
    with pytest.raises(InputError) as caught:
        remover.matte(two_things, region=text)
    assert caught.value.code == code


def test_only_there_the_subject_is_looked_for(remover, two_things):
    everything = remover.matte(two_things)
    right = remover.matte(two_things, region=(48, 0, 96, 48))
    assert everything.alpha[24, 20] == everything.alpha[24, 72] == 1
    assert (right.alpha.shape, right.image.shape) == ((48, 96), (48, 96, 3))
    assert right.alpha[:, :48].max() == 0
    assert right.alpha[24, 72] == 1
    assert right.cutout().shape == (48, 96, 4)
    assert right.found
    assert not remover.matte(two_things, region="0 0 100% 6").found


def test_a_region_beside_the_transparency_that_a_picture_has(remover, two_things):
    clear = np.dstack([two_things, np.full((48, 96), 255, np.uint8)])
    clear[:, 76:, 3] = 0
    alpha = remover.matte(clear, region="50% 0 100% 100%").alpha
    assert alpha[24, 70] == 1
    assert alpha[:, 76:].max() == alpha[:, :48].max() == 0


def test_for_one_call_and_for_a_file(remover, two_things):
    try:
        cutout = tress.remove(two_things, model=LOCATOR, region="0 0 48 48")
    finally:
        _shared.cache_clear()
    assert cutout[24, 20, 3] > 200
    assert cutout[:, 48:].max() == 0
    product = produce(remover, two_things, parse({"region": "0 0 50% 100%", "crop": True}))
    assert np.asarray(Image.open(io.BytesIO(product.data))).shape[1] < 48
    assert (product.input_width_px, product.input_height_px) == (96, 48)


def test_on_the_command_line(two_things, tmp_path, capsys):
    photo = tmp_path / "a.png"
    Image.fromarray(two_things).save(photo)
    command = [str(photo), "--model", str(LOCATOR), "--no-refine", "-q", "--region"]
    assert main([*command, "50% 0 100% 100%"]) == 0
    alpha = np.asarray(Image.open(tmp_path / "a.cutout.png"))[..., 3]
    assert alpha[:, :48].max() == 0
    assert alpha[24, 72] > 200
    assert main([*command, "0 0 200 48", "--overwrite"]) == 2
    assert "reaches beyond the picture of 96x48 pixels" in capsys.readouterr().err
