import json

import pytest

from tress.errors import InputError
from tress.evaluation.manifest import read_manifest

GOOD = {"image": "a.png", "alpha": "a.alpha.png", "set": "s", "kind": "people", "edge": "exact", "ignore_px": 0}


def write(tmp_path, *rows):
    path = tmp_path / "manifest.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def test_paths_are_relative_to_the_manifest(tmp_path):
    (record,) = read_manifest(write(tmp_path, GOOD, ""))
    assert record.image == tmp_path / "a.png"
    assert record.alpha == tmp_path / "a.alpha.png"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{", "line 2"),
        ({**GOOD, "edge": "fuzzy"}, "fuzzy"),
        ({**GOOD, "colour": 1}, "colour"),
        ({k: v for k, v in GOOD.items() if k != "alpha"}, "needs an alpha"),
        ({k: v for k, v in GOOD.items() if k != "set"}, "set"),
        ("[1]", "line 2"),
    ],
)
def test_a_bad_line_is_named(tmp_path, row, says):
    with pytest.raises(InputError, match="line 2") as caught:
        read_manifest(write(tmp_path, GOOD, row))
    assert says in caught.value.message


def test_an_empty_or_missing_manifest_is_an_error(tmp_path):
    with pytest.raises(InputError):
        read_manifest(write(tmp_path, ""))
    with pytest.raises(InputError):
        read_manifest(tmp_path / "none.jsonl")
