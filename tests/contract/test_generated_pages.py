"""Pages that are made from declarations say what the declarations say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def pages() -> dict:
    spec = importlib.util.spec_from_file_location("site_reference", ROOT / "tools" / "site" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PAGES


@pytest.mark.parametrize("name", pages())
def test_the_page_is_up_to_date(name):
    if name == "http-reference.md":
        pytest.importorskip("fastapi")
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == pages()[name](), "run: make reference"
