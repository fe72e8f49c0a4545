"""What holds for the page's files without a browser."""

import re
from importlib.resources import files

import pytest

SOURCES = {item.name: item.read_text("utf-8") for item in (files("tress.server") / "page").iterdir()}


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_addresses_are_relative(name):
    """A proxy may put the service into a folder of a larger site."""
    absolute = re.compile(r"""(?:href|src|action)="/|["'`]/[a-z]|url\(["']?/""")
    assert absolute.findall(SOURCES[name]) == []
