"""The Python interface, on a network whose answer is known: alpha = red, presence = mean of blue."""

import io
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tress
from tress.api import Remover, _shared
from tress.errors import InputError, ModelError

DATA = Path(__file__).parents[1] / "data"
LOCATOR = DATA / "tiny_locator.onnx"


@pytest.fixture(scope="module")
def remover():
    return Remover(LOCATOR, refine=False, threads=1)


@pytest.fixture(autouse=True)
def _no_shared_networks():
    yield
    _shared.cache_clear()


def half_red(height=48, width=64):
    """Left half red + blue (subject), right half blue."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 2] = 255
    picture[:, : width // 2, 0] = 255
    return picture


def as_bytes(array, kind="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind, **options)
    return buffer.getvalue()


def test_matte_says_everything(remover):
    matte = remover.matte(half_red())
    assert matte.alpha.shape == (48, 64)
    assert matte.alpha.dtype == np.float32
    assert matte.found
    assert matte.confidence > 0.9
    assert (matte.device, matte.warnings) == ("cpu", ())
    assert set(matte.seconds) == {"decode", "locate", "refine"}
    assert matte.alpha[:, :24].min() == 1
    assert matte.alpha[:, 40:].max() == 0


def test_cutout_hides_colours_of_the_background(remover):
    cutout = remover.matte(half_red()).cutout()
    assert cutout.shape == (48, 64, 4)
    assert (cutout[cutout[..., 3] == 0] == 0).all()
    assert (cutout[:, :24] == (255, 0, 255, 255)).all()


def test_over_a_colour_and_over_a_picture(remover):
    matte = remover.matte(half_red())
    plain = matte.over((10, 20, 30))
    assert (plain[:, 40:] == (10, 20, 30)).all()
    assert (plain[:, :24] == (255, 0, 255)).all()
    np.testing.assert_array_equal(matte.over(np.full((48, 64, 3), (10, 20, 30), np.uint8)), plain)
    with pytest.raises(InputError, match="64x48 but the background is 5x5"):
        matte.over(np.zeros((5, 5, 3), np.uint8))


def test_no_subject(remover):
    matte = remover.matte(np.zeros((40, 40, 3), np.uint8))
    assert not matte.found
    assert matte.alpha.max() == 0
    assert matte.cutout()[..., 3].max() == 0


def test_every_kind_of_picture_gives_the_same_alpha(remover, tmp_path):
    picture = half_red()
    path = tmp_path / "a.png"
    path.write_bytes(as_bytes(picture))
    want = remover.matte(picture).alpha
    for given in (str(path), path, path.read_bytes(), path.open("rb"), Image.fromarray(picture), remover.read(path)):
        np.testing.assert_array_equal(remover.matte(given).alpha, want)
        if hasattr(given, "close"):
            given.close()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "RGBX", "CMYK", "LAB", "YCbCr", "I;16", "HSV"])
def test_pil_images_of_every_mode(remover, mode):
    image = Image.fromarray(half_red())
    image = Image.fromarray(np.full((8, 9), 65535, np.uint16)) if mode == "I;16" else image.convert(mode)
    picture = remover.read(image)
    assert picture.pixels.shape == (image.height, image.width, 3)


def test_a_pil_image_is_turned_upright_and_its_transparency_kept(remover):
    rgba = np.dstack([half_red(), np.full((48, 64), 128, np.uint8)])
    image = Image.fromarray(rgba)
    image.getexif()[0x0112] = 6
    picture = remover.read(image)
    assert picture.pixels.shape == (64, 48, 3)
    assert picture.alpha is not None
    assert picture.alpha[0, 0] == pytest.approx(128 / 255)


@pytest.mark.parametrize("mode", ["La", "RGBa", "PA"])
def test_pil_images_with_rare_kinds_of_transparency(remover, mode):
    assert remover.read(Image.new(mode, (9, 8))).alpha.shape == (8, 9)


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I;16N"])
def test_deep_grey_is_the_same_in_either_byte_order(remover, mode):
    grey = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1024
    order = {"I;16B": ">u2", "I;16N": "=u2"}.get(mode, "<u2")
    image = Image.frombytes(mode, (8, 8), grey.astype(order).tobytes())
    np.testing.assert_array_equal(remover.read(image).pixels[..., 0], np.round(grey / 257).astype(np.uint8))


def test_a_pil_image_may_carry_what_no_longer_fits_it(remover):
    picture = Image.fromarray(half_red())
    picture.info["transparency"] = (1, 2, 3)
    for mode in ("P", "1", "L"):
        assert remover.read(picture.quantize(16) if mode == "P" else picture.convert(mode)).pixels.shape == (48, 64, 3)
    fax = Image.open(io.BytesIO(as_bytes(half_red()[..., 0] > 0, "TIFF", compression="group4")))
    assert remover.read(fax.convert("CMYK")).pixels.shape == (48, 64, 3)
    picture.info.clear()
    exif = picture.getexif()
    exif[0x0112], exif[0x8827] = 6, "no number"
    assert remover.read(picture).pixels.shape == (64, 48, 3)


def test_pil_images_that_cannot_be_read_are_refused(remover):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    torn = Image.open(io.BytesIO(as_bytes(noise, "JPEG")[:1500]))
    closed = Image.fromarray(half_red())
    closed.close()
    for image in (torn, closed, Image.new("RGB", (0, 0))):
        with pytest.raises(InputError) as caught:
            remover.matte(image)
        assert caught.value.code == "picture_corrupt"


def test_a_matte_keeps_its_picture_whatever_becomes_of_the_array(remover):
    given = half_red()
    matte = remover.matte(given)
    given[:] = 0
    np.testing.assert_array_equal(matte.image, half_red())
    assert matte.cutout()[..., :3].max() == 255


def test_transparency_of_the_input_multiplies(remover):
    rgba = np.dstack([half_red(), np.full((48, 64), 51, np.uint8)])
    assert remover.matte(rgba).alpha.max() == pytest.approx(0.2)


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4, 3)), np.zeros((4, 4, 2), np.uint8), np.zeros(4, np.uint8), np.zeros((0, 4, 3), np.uint8)]
)
def test_wrong_arrays_are_refused(remover, wrong):
    with pytest.raises(InputError):
        remover.matte(wrong)


def test_remove_gives_back_the_same_kind(tmp_path):
    def remove(image):
        return tress.remove(image, model=LOCATOR)

    picture = half_red()
    path = tmp_path / "a.png"
    path.write_bytes(as_bytes(picture))
    array = remove(picture)
    assert isinstance(array, np.ndarray)
    assert array.shape == (48, 64, 4)
    for image in (remove(Image.fromarray(picture)), remove(path), remove(str(path))):
        assert image.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(image), array)
    data = remove(path.read_bytes())
    assert isinstance(data, bytes)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), array)
    with path.open("rb") as file:
        np.testing.assert_array_equal(np.asarray(Image.open(remove(file))), array)


def test_many_keeps_the_order_and_does_not_read_ahead_without_end(remover):
    taken = []

    def source():
        for size in range(40, 60):
            taken.append(size)
            yield half_red(size, 64)

    results = remover.many(source(), ahead=3)
    first = next(results)
    assert first.alpha.shape[0] == 40
    assert len(taken) <= 5
    assert [m.alpha.shape[0] for m in results] == list(range(41, 60))


def test_many_raises_at_the_turn_of_the_bad_picture(remover):
    results = remover.many([half_red(), b"not a picture", half_red()])
    next(results)
    with pytest.raises(InputError):
        next(results)


def test_one_remover_serves_many_threads(remover):
    pictures = [half_red(40 + 8 * i, 64) for i in range(8)]
    alone = [remover.matte(p).alpha for p in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda p: remover.matte(p).alpha, pictures))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_refiner_is_no_locator():
    with pytest.raises(ModelError) as caught:
        Remover(DATA / "tiny_refiner.onnx")
    assert caught.value.code == "model_task"


@pytest.mark.parametrize("ahead", [0, 1, 3])
def test_many_may_be_given_the_same_buffer_again_and_again(remover, ahead):
    pictures = [np.roll(half_red(), shift, axis=1) for shift in (0, 10, 20, 30)]

    def frames():
        buffer = np.empty_like(pictures[0])
        for picture in pictures:
            buffer[:] = picture
            yield buffer

    found = list(remover.many(frames(), ahead=ahead))
    assert len(found) == 4
    for matte, picture in zip(found, pictures, strict=True):
        np.testing.assert_array_equal(matte.image, picture)


def test_a_matte_knows_the_subjects_box(remover):
    matte = remover.matte(half_red())
    assert matte.box is not None
    assert (matte.box.left_px, matte.box.top_px, matte.box.height_px) == (0, 0, 48)
    assert matte.box.width_px == pytest.approx(32, abs=3)
    assert remover.matte(np.zeros((20, 20, 3), np.uint8)).box is None


def test_a_matte_is_saved_with_the_options_of_the_command_line(remover, tmp_path):
    matte = remover.matte(as_bytes(half_red(), dpi=(300, 300)))
    matte.save(tmp_path / "shop.jpg", background="white", crop=True, margin="4px", size="100x80", quality=95)
    with Image.open(tmp_path / "shop.jpg") as shop:
        assert (shop.format, shop.size, round(float(shop.info["dpi"][0]))) == ("JPEG", (100, 80), 300)
        assert np.asarray(shop)[2, 2].tolist() == pytest.approx([255, 255, 255], abs=2)
    matte.save(tmp_path / "mask.png", mask=True, invert=True)
    with Image.open(tmp_path / "mask.png") as mask:
        assert (mask.mode, np.asarray(mask)[10, 60], np.asarray(mask)[10, 5]) == ("L", 255, 0)
    matte.save(str(tmp_path / "plain.webp"))
    with Image.open(tmp_path / "plain.webp") as plain:
        np.testing.assert_array_equal(np.asarray(plain)[..., 3], matte.cutout()[..., 3])


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("there.png", {}, "target_exists"),
        ("new.png", {"colour": "red"}, "option_unknown"),
        ("new.png", {"region": "0 0 5 5"}, "option_conflict"),
        ("new.gif", {}, "format_unknown"),
        ("new.jpg", {}, "jpeg_transparent"),
    ],
)
def test_saving_refuses_what_the_command_line_refuses(remover, tmp_path, name, options, code):
    (tmp_path / "there.png").write_bytes(b"mine")
    with pytest.raises(InputError) as refused:
        remover.matte(half_red()).save(tmp_path / name, **options)
    assert refused.value.code == code
    assert (tmp_path / "there.png").read_bytes() == b"mine"
    assert [path.name for path in tmp_path.iterdir()] == ["there.png"]


def test_saving_overwrites_when_told(remover, tmp_path):
    (tmp_path / "there.png").write_bytes(b"old")
    remover.matte(half_red()).save(tmp_path / "there.png", overwrite=True)
    with Image.open(tmp_path / "there.png") as written:
        assert written.size == (64, 48)


def test_many_tells_how_far_it_is(remover):
    told = []
    pictures = [half_red() for _ in range(3)]
    assert len(list(remover.many(pictures, progress=lambda *at: told.append(at)))) == 3
    assert told == [(1, 3), (2, 3), (3, 3)]
    told.clear()
    list(remover.many(iter(pictures), progress=lambda *at: told.append(at)))
    assert told == [(1, None), (2, None), (3, None)]


def test_a_remover_is_pickled_by_how_it_was_made():
    made = Remover(LOCATOR, refine=False, threads=1, max_megapixels=0.01)
    data = pickle.dumps(made)
    assert len(data) < 1000
    again = pickle.loads(data)
    assert (again.model, again.device, again.max_megapixels) == (made.model, made.device, 0.01)
    np.testing.assert_array_equal(again.matte(half_red()).alpha, made.matte(half_red()).alpha)
    with pytest.raises(InputError, match="megapixels"):
        again.matte(as_bytes(half_red(200, 200)))
