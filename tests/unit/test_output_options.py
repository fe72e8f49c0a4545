"""Reading options from text: what users type and what forms send."""

from __future__ import annotations

import dataclasses
import json

import pytest

from tress.errors import InputError
from tress.outputs import OPTIONS, OutputOptions, describe, parse
from tress.outputs.background import Blur, PictureBackground
from tress.outputs.colour import Colour
from tress.outputs.crop import Margin
from tress.outputs.lengths import Length
from tress.outputs.option import Flag, Option
from tress.outputs.options import _collect
from tress.outputs.placement import Position
from tress.outputs.size import Canvas, LongSide, Megapixels


def failure(**values: object) -> InputError:
    with pytest.raises(InputError) as caught:
        parse(values)
    return caught.value


def test_nothing_given_is_the_default():
    assert parse({}) == OutputOptions()


def test_empty_strings_none_and_empty_uploads_count_as_unset():
    assert parse(dict.fromkeys(OPTIONS, "")) == OutputOptions()
    assert parse(dict.fromkeys(OPTIONS, "  ")) == OutputOptions()
    assert parse(dict.fromkeys(OPTIONS)) == OutputOptions()
    assert parse({"background": b""}) == OutputOptions()


def test_unknown_name_suggests_the_right_one():
    error = failure(backgroud="white")
    assert error.code == "option_unknown"
    assert error.hint == "did you mean background?"


@pytest.mark.parametrize("word", ["true", "TRUE", "1", "yes", "on", True])
def test_flags_on(word):
    assert parse({"crop": word}).crop is True


@pytest.mark.parametrize("word", ["false", "False", "0", "no", "off", False])
def test_flags_off(word):
    assert parse({"decontaminate": word}).decontaminate is False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("white", Colour(255, 255, 255)),
        ("Rebeccapurple", Colour(0x66, 0x33, 0x99)),
        ("#fff", Colour(255, 255, 255)),
        ("81d4fa", Colour(0x81, 0xD4, 0xFA)),
        ("#81d4fa77", Colour(0x81, 0xD4, 0xFA, 0x77 / 255)),
        ("#f00c", Colour(255, 0, 0, 0xCC / 255)),
        ("rgb(1, 2, 3)", Colour(1, 2, 3)),
        ("rgba(1,2,3,0.25)", Colour(1, 2, 3, 0.25)),
        ("rgb(1 2 3 / 25%)", Colour(1, 2, 3, 0.25)),
        ("rgb(1 2 3/25%)", Colour(1, 2, 3, 0.25)),
        ("rgb(100% 0% 300)", Colour(255, 0, 255)),
        ("hsl(120, 100%, 25%)", Colour(0, 128, 0)),
        ("hsl(0.5turn 100 50)", Colour(0, 255, 255)),
        ("hsla(-120deg 100% 50% / .5)", Colour(0, 0, 255, 0.5)),
        ("transparent", None),
        ("#0000", None),
        ("blur", Blur(2.0)),
        ("blur:5%", Blur(5.0)),
        ("blur:0.5", Blur(0.5)),
        (b"\x89PNG", PictureBackground(b"\x89PNG")),
    ],
)
def test_background(text, expected):
    assert parse({"background": text}).background == expected


@pytest.mark.parametrize(
    "text",
    ["whitish", "#12345", "#ggg", "rgb(1,2)", "rgb(1 2 3 4 5)", "hsl(10% 1% 1%)", "rgb(1deg 2 3)", "blur:90%", 7.5],
)
def test_background_that_is_nothing(text):
    assert failure(background=text).code == "option_value"


def test_a_file_is_a_background_only_where_files_are_allowed(tmp_path):
    file = tmp_path / "beach.jpg"
    file.write_bytes(b"x")
    assert parse({"background": str(file)}, files=True).background == PictureBackground(file)
    assert failure(background=str(file)).code == "option_value"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", Margin(*[Length(5)] * 4)),
        ("10px", Margin(*[Length(10)] * 4)),
        ("1px 2%", Margin(Length(1), Length(2, True), Length(1), Length(2, True))),
        ("1, 2, 3", Margin(Length(1), Length(2), Length(3), Length(2))),
        ("1 2 3 4.5%", Margin(Length(1), Length(2), Length(3), Length(4.5, True))),
    ],
)
def test_margin_as_in_css(text, expected):
    assert parse({"crop": True, "margin": text}).margin == expected


@pytest.mark.parametrize("text", ["-5", "1 2 3 4 5", "5em", "101%", "5001px", "1e3", "nan"])
def test_margin_that_is_nothing(text):
    assert failure(crop=True, margin=text).code == "option_value"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1000x800", Canvas(1000, 800)),
        ("10 X 20", Canvas(10, 20)),
        ("2000", LongSide(2000)),
        ("2000px", LongSide(2000)),
        (2000, LongSide(2000)),
        ("0.25mp", Megapixels(0.25)),
        ("25MP", Megapixels(25)),
    ],
)
def test_size(text, expected):
    assert parse({"size": text}).size == expected


@pytest.mark.parametrize("text", ["0", "0x5", "70000", "20000x20000", "101mp", "big", "5x", "-3"])
def test_size_that_is_nothing(text):
    assert failure(size=text).code == "option_value"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("center", Position(50, 50)),
        ("original", Position(original=True)),
        ("10%", Position(10, 10)),
        ("0% 100%", Position(0, 100)),
        ("25,75", Position(25, 75)),
    ],
)
def test_position(text, expected):
    assert parse({"position": text}).position == expected


@pytest.mark.parametrize("text", ["101%", "1 2 3", "middle", "-5%"])
def test_position_that_is_nothing(text):
    assert failure(position=text).code == "option_value"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scale", "0"),
        ("scale", "101%"),
        ("scale", "nan"),
        ("feather", "-1"),
        ("feather", "inf"),
        ("quality", "0"),
        ("quality", "50.5"),
        ("quality", "101"),
        ("format", "gif"),
        ("shadow", "long"),
        ("crop", "maybe"),
    ],
)
def test_out_of_range(name, value):
    error = failure(**{name: value})
    assert error.code == "option_value"
    assert error.message.startswith(f"{name} is ")


def test_numbers_with_and_without_unit():
    options = parse({"scale": "80%", "feather": "2.5px", "quality": 90})
    assert (options.scale, options.feather, options.quality) == (80, 2.5, 90)


def test_json_numbers():
    assert parse({"quality": 90.0, "scale": 80}) == parse({"quality": "90", "scale": "80.0"})
    assert failure(quality=90.5).code == "option_value"
    assert failure(quality=True).code == "option_value"


def test_absurdly_long_numbers():
    for name in ("size", "scale", "feather", "quality", "margin", "position"):
        assert failure(**{name: "9" * 6000}).code == "option_value"
    assert failure(size="9" * 6000 + "x1").code == "option_value"


def test_format_aliases():
    assert parse({"format": "JPG", "background": "white"}).format == "jpeg"
    assert parse({"format": "tif"}).format == "tiff"


def test_a_transparent_jpeg_is_refused():
    assert failure(format="jpeg").code == "jpeg_transparent"
    assert failure(format="jpeg", background="#ffffff80").code == "jpeg_transparent"
    with pytest.raises(InputError, match="jpeg cannot store"):
        parse({}).with_format("jpeg")
    assert parse({"format": "jpeg", "mask": True}).opaque
    assert parse({"format": "jpeg", "background": "blur"}).opaque


@pytest.mark.parametrize(
    "values",
    [
        {"mask": True, "background": "white"},
        {"mask": True, "shadow": "drop"},
        {"margin": "5%"},
        {"lossless": True, "quality": 80},
        {"lossless": True, "format": "jpeg", "background": "white"},
        {"lossless": True, "format": "avif"},
        {"quality": 80, "format": "png"},
    ],
)
def test_options_that_exclude_each_other(values):
    assert failure(**values).code == "option_conflict"


def test_ready_values_are_checked_like_text():
    with pytest.raises(InputError, match="scale is 500"):
        OutputOptions(scale=500)
    with pytest.raises(InputError, match="background is"):
        OutputOptions(background="white")  # type: ignore[arg-type]
    assert parse({"background": Colour(1, 2, 3)}) == OutputOptions(background=Colour(1, 2, 3))


def test_only_an_auto_format_is_settled():
    assert OutputOptions().with_format("webp").format == "webp"
    assert OutputOptions(format="png").with_format("webp").format == "png"


def test_long_values_are_cut_in_messages():
    assert len(failure(background="x" * 10_000).message) < 250


def test_two_options_of_one_name_are_refused():
    twin = Option[bool](name="twin", default=False, kind=Flag(), help="", group="")
    with pytest.raises(ValueError, match="two output options"):
        _collect([twin, twin], ["twin", "twin"])
    with pytest.raises(ValueError, match="declared as field"):
        _collect([twin], ["other"])


def test_every_field_is_declared_and_described():
    fields = [field.name for field in dataclasses.fields(OutputOptions)]
    assert list(OPTIONS) == fields
    schema = describe()
    assert list(schema["properties"]) == fields
    assert json.loads(json.dumps(schema)) == schema
    for name, option in OPTIONS.items():
        assert option.help.endswith("."), name
        assert schema["properties"][name]["description"] == option.help


def test_examples_and_defaults_can_be_read_back():
    for name, option in OPTIONS.items():
        for text in option.examples:
            value = parse({name: text, "crop": True}).__getattribute__(name)
            assert option.kind.read(option.kind.show(value)) == value
        assert getattr(parse({name: option.default_text}), name) == option.default
