"""Marks drawn by hand; the network's answer is known: alpha = red."""

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
from tress.outputs.marks import MarkPicture, fit_marks
from tress.process.marks import Marks
from tress.produce import produce

LOCATOR = Path(__file__).parents[1] / "data" / "tiny_locator.onnx"


@pytest.fixture(scope="module")
def remover():
    return Remover(LOCATOR, refine=False, threads=1)


@pytest.fixture
def thing():
    """A red thing in the middle of blue ground: ``(48, 96, 3)``."""
    picture = np.zeros((48, 96, 3), np.uint8)
    picture[..., 2] = 255
    picture[8:40, 32:64, 0] = 255
    return picture


def box(left, top, right, bottom, height=48, width=96):
    marks = np.zeros((height, width), bool)
    marks[top:bottom, left:right] = True
    return marks


def png(array, **save):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG", **save)
    return buffer.getvalue()


def test_what_is_marked_is_settled_and_the_rest_is_left_alone(remover, thing):
    before = remover.matte(thing).alpha
    keep, clear = box(70, 10, 90, 30), box(32, 8, 48, 24)
    after = remover.matte(thing, keep=keep, clear=clear).alpha
    assert after[keep].min() == 1
    assert after[clear].max() == 0
    np.testing.assert_array_equal(after[~(keep | clear)], before[~(keep | clear)])


def test_where_both_are_marked_clear_counts(remover, thing):
    both = box(40, 10, 60, 30)
    assert remover.matte(thing, keep=both, clear=both).alpha[both].max() == 0


def test_keeping_something_makes_a_subject_where_none_is_found(remover):
    ground = np.zeros((48, 96, 3), np.uint8)
    assert not remover.matte(ground).found
    assert not remover.matte(ground, clear=box(0, 0, 9, 9)).found
    assert not remover.matte(ground, keep=np.zeros((48, 96), bool)).found
    keep = box(20, 10, 60, 30)
    matte = remover.matte(ground, keep=keep)
    assert matte.found
    assert matte.confidence == 1
    np.testing.assert_array_equal(matte.alpha, keep)


def test_marks_of_every_kind_say_the_same(remover, thing, tmp_path):
    keep = box(70, 10, 90, 30)
    grey = keep.astype(np.uint8) * 255
    see_through = np.dstack([np.full((48, 96, 3), 255, np.uint8), grey])
    Image.fromarray(grey).save(tmp_path / "marks.png")
    want = remover.matte(thing, keep=keep).alpha
    kinds = [grey, png(see_through), tmp_path / "marks.png", Image.fromarray(keep), MarkPicture(png(grey))]
    kinds.append(np.dstack([np.zeros_like(grey), grey, np.zeros_like(grey)]))
    for given in kinds:
        np.testing.assert_array_equal(remover.matte(thing, keep=given).alpha, want)


def test_marks_that_mark_nothing_are_told(remover, thing):
    black_strokes = np.zeros((48, 96, 4), np.uint8)
    black_strokes[10:30, 40:60, 3] = 255
    matte = remover.matte(thing, clear=png(black_strokes), keep=box(70, 10, 90, 30))
    assert matte.warnings == ("nothing is marked to clear; marks are bright",)
    assert matte.alpha[20, 50] == 1


@pytest.mark.parametrize("scale", [0.5, 2])
def test_marks_may_be_smaller_or_larger_than_the_picture(remover, thing, scale):
    small = np.zeros((round(48 * scale), round(96 * scale)), bool)
    small[: round(24 * scale)] = True
    alpha = remover.matte(thing, clear=small).alpha
    assert alpha[:22].max() == 0
    assert alpha[34, 48] == 1


@pytest.mark.parametrize("shape", [(48, 90), (96, 48), (1, 96), (300, 300)])
def test_marks_of_another_shape_are_refused(remover, thing, shape):
    with pytest.raises(InputError, match="the marks to clear have") as caught:
        remover.matte(thing, clear=np.ones(shape, bool))
    assert caught.value.code == "marks_shape"


def test_half_a_pixel_may_have_been_rounded_away():
    assert fit_marks(np.ones((667, 1000), np.float32), "keep", 1501, 1001).shape == (1001, 1501)
    assert fit_marks(np.ones((2, 1000), np.float32), "keep", 3000, 7).shape == (7, 3000)


def test_within_a_region_marks_count_there(remover, thing):
    keep = box(10, 10, 90, 30)
    alpha = remover.matte(thing, region=(48, 0, 96, 48), keep=keep).alpha
    assert alpha[:, :48].max() == 0
    assert alpha[10:30, 48:90].min() == 1


def test_marks_lie_on_the_upright_picture(remover, thing):
    exif = Image.Exif()
    exif[0x112] = 6
    turned = png(np.ascontiguousarray(np.rot90(thing)), exif=exif)
    keep = box(70, 10, 90, 30)
    np.testing.assert_array_equal(remover.matte(turned, keep=keep).alpha, remover.matte(thing, keep=keep).alpha)


@pytest.mark.parametrize("marks", [b"", b"no picture", "/no/such/file.png", np.zeros((4, 4), np.float64)])
def test_what_is_no_picture_of_marks(remover, thing, marks):
    with pytest.raises(InputError):
        remover.matte(thing, keep=marks)


def test_as_options():
    options = parse({"keep": b"bytes", "region": "0 0 5 5"})
    assert sorted(options.subject) == ["keep", "region"]
    assert parse({"keep": "", "clear": None}).subject == {}
    for wrong in ("some text", 5, True):
        with pytest.raises(InputError, match="it must be a picture file") as caught:
            parse({"clear": wrong})
        assert caught.value.code == "option_value"
    with pytest.raises(InputError, match="it must be a picture file"):
        OutputOptions(keep="marks.png")
    with pytest.raises(InputError, match="marks a picture of 5 bytes"):
        parse({"keep": b"bytes"}).check_files()


def test_for_one_call_and_for_a_file(remover, thing):
    clear = box(32, 8, 48, 40)
    try:
        cutout = tress.remove(thing, model=LOCATOR, clear=clear)
    finally:
        _shared.cache_clear()
    assert cutout[clear, 3].max() == 0
    assert cutout[24, 56, 3] > 200
    product = produce(remover, thing, parse({"clear": png(clear.astype(np.uint8) * 255), "mask": True}))
    want = remover.matte(thing, clear=clear).cutout()[..., 3]
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(product.data))), want)


def test_on_the_command_line(thing, tmp_path, capsys):
    photo, marks = tmp_path / "a.png", tmp_path / "marks.png"
    Image.fromarray(thing).save(photo)
    marks.write_bytes(png(box(32, 8, 48, 40).astype(np.uint8) * 255))
    command = [str(photo), "--model", str(LOCATOR), "--no-refine", "-q", "--clear"]
    assert main([*command, str(marks)]) == 0
    alpha = np.asarray(Image.open(tmp_path / "a.cutout.png"))[..., 3]
    assert alpha[8:40, 32:48].max() == 0
    assert alpha[24, 56] > 200
    assert main([*command, str(tmp_path / "missing.png"), "--overwrite"]) == 2
    assert "it must be a picture file whose bright parts are the marks" in capsys.readouterr().err
    assert main([*command, str(marks), "-o", str(marks), "--overwrite"]) == 2
    assert marks.read_bytes() == png(box(32, 8, 48, 40).astype(np.uint8) * 255)


def test_around_marks_that_change_something_nothing_is_sure():
    alpha = np.zeros((40, 60), np.float32)
    alpha[:, 30:] = 1
    doubt = np.full((40, 60), 10, np.uint8)
    clear = np.zeros((40, 60), np.float32)
    clear[:, 44:52] = 1
    told, unsure = Marks(clear=clear).impose(alpha, doubt)
    assert told[:, 44:52].max() == 0
    assert unsure[:, 44:52].max() == 0
    assert unsure[:, 36:44].min() == unsure[:, 52:].min() == 255
    assert 0.1 < told[20, 43] < told[20, 41] < 1
    np.testing.assert_array_equal(told[:, :36], alpha[:, :36])
    assert (unsure[:, :36] == 10).all()


def test_marks_that_agree_open_nothing():
    alpha = np.zeros((40, 60), np.float32)
    doubt = np.full((40, 60), 10, np.uint8)
    clear = np.zeros((40, 60), np.float32)
    clear[:, 44:52] = 1
    told, unsure = Marks(clear=clear).impose(alpha, doubt)
    np.testing.assert_array_equal(told, alpha)
    assert unsure.max() == 10
    assert Marks(clear=clear).impose(alpha, None)[1] is None


def test_the_edge_near_marks_is_looked_for_anew():
    """A mark that leaves a rest of the wrong thing, on real networks: most of it goes too, what lies beyond stays."""
    y, x = np.mgrid[0:400, 0:400]
    picture = np.full((400, 400, 3), 235, np.uint8)
    picture[(x - 150) ** 2 + (y - 200) ** 2 < 90**2] = (170, 40, 30)
    picture[190:210, 240:330] = (170, 40, 30)
    remover = Remover(threads=1)
    clear = np.zeros((400, 400), bool)
    clear[193:207, 247:330] = True
    before, after = (remover.matte(picture, clear=marks).alpha for marks in (None, clear))
    rest = np.where(clear, 0, before)[190:210, 250:330].mean()
    assert rest > 0.25
    assert after[190:210, 250:330].mean() < 0.6 * rest
    assert after[200, 100:200].min() > 0.95
