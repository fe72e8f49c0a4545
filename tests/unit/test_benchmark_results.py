"""Committed benchmark results follow their schema, and the checker of schemas can say no."""

import importlib.util
import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def check():
    spec = importlib.util.spec_from_file_location("benchmarks_schema", BENCHMARKS / "schema.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.check


@pytest.mark.parametrize("name", ["speed", "quality", "colours", "marks", "browser"])
def test_committed_results_follow_their_schema(check, name):
    schema = json.loads((BENCHMARKS / "results" / f"{name}.schema.json").read_text())
    result = BENCHMARKS / "results" / f"{name}.json"
    if result.is_file():
        check(json.loads(result.read_text()), schema)
    with pytest.raises(ValueError, match="lacks"):
        check({"schema": 1}, schema)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"n": "1"}, r"result\.n must be integer"),
        ({"n": True}, r"result\.n must be integer"),
        ({}, "lacks"),
        ({"n": 1, "m": 2}, "unknown field 'm'"),
        ({"n": 1, "list": [1, None]}, r"list\[1\]"),
        ({"n": 1, "mode": "hot"}, "none of"),
    ],
)
def test_what_does_not_fit_is_named(check, value, says):
    schema = {
        "type": "object",
        "required": ["n"],
        "additionalProperties": False,
        "properties": {
            "n": {"type": "integer"},
            "list": {"type": "array", "items": {"type": "number"}},
            "mode": {"enum": ["cold", "warm"]},
        },
    }
    check({"n": 1, "list": [1.5], "mode": "warm"}, schema)
    with pytest.raises(ValueError, match=says):
        check(value, schema)
