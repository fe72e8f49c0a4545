"""One declaration, everywhere the same: command line, schema, docs and encoder."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from tress.cli.main import app
from tress.io.encode import FORMATS as ENCODERS
from tress.outputs import OPTIONS, describe
from tress.outputs.encoding import CAN_BE_LOSSLESS, FORMATS, WITH_QUALITY
from tress.outputs.option import Flag

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def parameters() -> dict:
    return {parameter.name: parameter for parameter in typer.main.get_command(app).commands["cut"].params}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_on_the_command_line_in_the_schema_and_in_the_docs(name):
    option = OPTIONS[name]
    parameter = parameters()[name]
    assert option.flag in (*parameter.opts, *parameter.secondary_opts)
    assert parameter.help.startswith(option.help)
    schema = describe()["properties"][name]
    assert (schema["description"], schema["x-flag"]) == (option.help, option.flag)
    assert f"`{option.flag}`" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", OPTIONS)
def test_the_command_line_has_the_declared_default(name):
    option = OPTIONS[name]
    assert parameters()[name].default == (option.default if isinstance(option.kind, Flag) else None)


def test_formats_are_those_that_can_be_written():
    assert set(FORMATS) == set(ENCODERS)
    assert set(WITH_QUALITY) == {name for name, encoder in ENCODERS.items() if encoder.lossless != "always"}
    assert set(CAN_BE_LOSSLESS) == {name for name, encoder in ENCODERS.items() if encoder.lossless != "never"}
    assert {name for name, encoder in ENCODERS.items() if not encoder.has_alpha} == {"jpeg"}
