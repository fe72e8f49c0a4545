"""What holds for every picture and every combination of options."""

from __future__ import annotations

import contextlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tress.errors import InputError
from tress.outputs import OPTIONS, describe, parse, render
from tress.outputs.colour import Colour, read_colour
from tress.outputs.span import span

SIDES = st.integers(1, 24)


@st.composite
def pictures(draw):
    height, width = draw(SIDES), draw(SIDES)
    image = draw(hnp.arrays(np.uint8, (height, width, 3)))
    alpha = draw(hnp.arrays(np.float32, (height, width), elements=st.sampled_from([0.0, 0.01, 0.3, 0.999, 1.0])))
    return image, alpha


LOOKS = st.fixed_dictionaries(
    {},
    optional={
        "background": st.sampled_from(["white", "#12345678", "blur", "hsl(10 20% 30%)"]),
        "shadow": st.sampled_from(["none", "drop", "contact"]),
        "feather": st.sampled_from(["0", "1.5", "20"]),
        "decontaminate": st.booleans(),
    },
)
PLACES = st.fixed_dictionaries(
    {},
    optional={
        "crop": st.just(True),
        "size": st.sampled_from(["1", "7", "33x5", "0.0002mp", "40x40"]),
        "scale": st.integers(1, 100),
        "position": st.sampled_from(["center", "original", "0%", "100% 30%"]),
    },
)


@given(pictures(), LOOKS)
@settings(max_examples=60, deadline=None)
def test_without_placing_the_size_stays_and_sure_pixels_keep_their_colour(picture, looks):
    image, alpha = picture
    options = parse({**looks, "feather": 0})
    result = render(image, alpha, lambda: image, options)
    assert result.shape == (*alpha.shape, 3 if options.opaque else 4)
    assert result.dtype == np.uint8
    assert (result[alpha == 1][:, :3] == image[alpha == 1]).all()
    if not options.opaque:
        assert (result[alpha == 1][:, 3] == 255).all()
        assert (result[result[..., 3] == 0] == 0).all()


@given(pictures(), LOOKS, PLACES, st.sampled_from(["0", "10% 3px", "100%"]))
@settings(max_examples=120, deadline=None)
def test_every_combination_gives_a_picture(picture, looks, places, margin):
    image, alpha = picture
    values = {**looks, **places}
    if "crop" in places and "size" not in places:
        values["margin"] = margin
    options = parse(values)
    result = render(image, alpha, lambda: image, options)
    assert result.ndim == 3
    assert result.shape[2] == (3 if options.opaque else 4)
    if places.get("size") in {"33x5", "40x40"}:
        width, height = map(int, places["size"].split("x"))
        assert result.shape[:2] == (height, width)
    elif places.get("size") == "7":
        assert max(result.shape[:2]) <= 7


@given(pictures())
@settings(max_examples=30, deadline=None)
def test_the_mask_is_the_alpha_of_the_cutout(picture):
    image, alpha = picture
    mask = render(image, alpha, lambda: image, parse({"mask": True}))
    cutout = render(image, alpha, lambda: image, parse({}))
    assert (mask == cutout[..., 3]).all()


@given(
    st.dictionaries(st.sampled_from([*OPTIONS, "other"]), st.one_of(st.text(max_size=12), st.integers(), st.binary()))
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_sent_only_input_errors_come_back(values):
    with contextlib.suppress(InputError):
        parse(values)


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.integers(1, 255))
def test_colours_survive_being_written_as_hex(red, green, blue, alpha):
    colour = Colour(red, green, blue, alpha / 255)
    assert read_colour(str(colour)) == colour


@given(st.integers(1, 500), st.integers(1, 500), st.floats(0.01, 50), st.floats(-600, 600))
@settings(max_examples=300)
def test_spans_fit_where_they_go(picture, canvas, scale, offset):
    found = span(picture, canvas, scale, offset)
    if found is None:
        return
    assert 0 <= found.source.start < found.source.stop <= picture
    assert 0 <= found.target.start < found.target.stop <= canvas
    assert found.target.stop - found.target.start == found.visible.stop - found.visible.start
    assert 0 <= found.visible.start < found.visible.stop <= found.length
    # Never more than the canvas and a source pixel at either end.
    assert found.length <= canvas + 2 * scale + 2


@given(st.data(), st.sampled_from(["margin", "position"]))
@settings(max_examples=100)
def test_text_that_fits_the_published_pattern_is_understood(data, name):
    text = data.draw(st.from_regex(describe()["properties"][name]["pattern"], fullmatch=True).filter(str.isascii))
    parse({name: text, "crop": True})
