"""The whole job in one call, with tiny networks whose answer is known: alpha is the red channel."""

from __future__ import annotations

import io
import weakref
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tress.api import Remover
from tress.errors import InputError
from tress.matte import Matte
from tress.outputs import parse
from tress.outputs.render import encode_as
from tress.produce import finish, produce

TINY = Path(__file__).parents[1] / "data" / "tiny_locator.onnx"


@pytest.fixture(scope="module")
def remover() -> Remover:
    return Remover(TINY, device="cpu", refine=False)


def photo(blue: int = 255, **settings: object) -> bytes:
    """64x96: alpha 1 in a square in the middle, 0 elsewhere; blue is how sure the network is of a subject."""
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[..., 2] = blue
    pixels[16:48, 32:64, 0] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **settings)
    return buffer.getvalue()


def opened(product) -> Image.Image:
    return Image.open(io.BytesIO(product.data))


def test_product_says_what_it_is(remover):
    product = produce(remover, photo(), parse({}))
    assert (product.format, product.width_px, product.height_px) == ("png", 96, 64)
    assert (product.found, product.model, product.device) == (True, "tiny_locator", "cpu")
    assert {"decode", "locate", "colour", "render", "encode"} <= set(product.seconds)
    picture = opened(product)
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGBA", (96, 64))
    assert np.asarray(picture)[32, 48].tolist() == [255, 0, 255, 255]


def test_sizes_of_photo_and_result(remover):
    product = produce(remover, photo(), parse({"size": "48x48", "format": "webp", "background": "white"}))
    assert (product.width_px, product.height_px) == (48, 48)
    assert (product.input_width_px, product.input_height_px) == (96, 64)
    assert opened(product).size == (48, 48)
    assert opened(product).format == "WEBP"


def test_nothing_found_is_said_and_gives_an_empty_picture(remover):
    product = produce(remover, photo(blue=0), parse({"crop": True}))
    assert not product.found
    assert np.asarray(opened(product))[..., 3].max() == 0


def test_resolution_is_kept_and_metadata_only_when_asked(remover):
    exif = Image.Exif()
    exif[0x8298] = "somebody"
    source = photo(dpi=(300, 300), exif=exif)
    plain = opened(produce(remover, source, parse({})))
    assert round(plain.info["dpi"][0]) == 300
    assert 0x8298 not in plain.getexif()
    kept = opened(produce(remover, source, parse({"keep_metadata": True})))
    assert kept.getexif()[0x8298] == "somebody"


def test_a_matte_that_was_changed_can_be_finished(remover):
    matte = remover.matte(photo())
    matte.alpha[:, :48] = 0
    pixels = np.asarray(opened(finish(matte, parse({}))))
    assert pixels[32, 40, 3] == 0
    assert pixels[32, 55, 3] == 255


def test_bad_pictures_are_input_errors(remover):
    with pytest.raises(InputError):
        produce(remover, b"no picture", parse({}))


def test_too_little_memory_is_told_as_such(remover, monkeypatch):
    def render(*_):
        raise MemoryError

    monkeypatch.setattr("tress.produce.render", render)
    with pytest.raises(InputError) as caught:
        produce(remover, photo(), parse({}))
    assert caught.value.code == "out_of_memory"


def test_photo_and_matte_are_gone_when_the_result_is_encoded(remover, monkeypatch):
    alive = []
    matte = Remover.matte

    def remembered(self, image, **settings):
        found = matte(self, image, **settings)
        alive.extend(weakref.ref(array) for array in (found.image, found.alpha, found.foreground))
        return found

    def encoding(pixels, options, **settings):
        assert [array() is None for array in alive] == [True] * 3
        return encode_as(pixels, options, **settings)

    monkeypatch.setattr(Remover, "matte", remembered)
    monkeypatch.setattr("tress.produce.encode_as", encoding)
    assert produce(remover, photo(), parse({})).found
    assert alive


def test_box_of_the_subject(remover):
    box = produce(remover, photo(), parse({})).box
    assert box is not None
    # The tiny network's edge is a pixel or two off.
    assert box.as_json() == pytest.approx({"left": 32, "top": 16, "width": 32, "height": 32}, abs=3)
    assert produce(remover, photo(blue=0), parse({})).box is None


def test_inverted_soft_pixels_show_the_background_alone():
    alpha = np.tile(np.clip((np.arange(64, dtype=np.float32) - 24) / 16, 0, 1), (48, 1))
    image = np.round(alpha[..., None] * (200, 30, 30) + (1 - alpha[..., None]) * (20, 20, 220)).astype(np.uint8)
    matte = Matte(image, alpha, True, 1.0, "none", "cpu")
    ground = np.asarray(opened(finish(matte, parse({"invert": True}))))
    subject = np.asarray(opened(finish(matte, parse({}))))
    # Where both are half there, each file has its own colour.
    assert np.abs(ground[24, 30, :3].astype(int) - (20, 20, 220)).max() < 40
    assert np.abs(subject[24, 34, :3].astype(int) - (200, 30, 30)).max() < 40
