from __future__ import annotations

import pytest

from tress.errors import InputError
from tress.io.naming import BESIDE, PLAIN, NameTemplate


@pytest.mark.parametrize(
    ("text", "source", "name"),
    [
        ("{stem}.cutout", "photo.jpg", "photo.cutout.webp"),
        ("{stem}", "page.001", "page.001.webp"),
        ("{stem}-{ext}", "a.JPG", "a-JPG.webp"),
        ("{ext}_{stem}", "a", "_a.webp"),
        ("{{x}} {stem}", "ü\u2028.png", "{x} ü\u2028.webp"),
    ],
)
def test_names(text: str, source: str, name: str) -> None:
    assert NameTemplate(text).name(source, ".webp") == name


@pytest.mark.parametrize(
    "text", ["", "cutout", "{ext}", "{stem", "{stem}/x", "{stem!r}", "{stem:>9}", "{0}", ".{stem}"]
)
def test_templates_that_cannot_be_used(text: str) -> None:
    with pytest.raises(InputError) as caught:
        NameTemplate(text)
    assert caught.value.code == "name_template"


def test_results_are_recognised() -> None:
    assert BESIDE.source_stem("photo.Cutout") == "photo"
    assert BESIDE.source_stem("photo") is None
    assert PLAIN.source_stem("photo") is None
    assert NameTemplate("{stem}-{ext}.cut").source_stem("a.b-jpg.cut") == "a.b"
    assert NameTemplate("{stem}-{ext}.cut").source_stem("red-car.cut") is None
