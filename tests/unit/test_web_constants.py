"""What the browser's package shares with the Python one is written by the latter, and is up to date."""

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_file_is_what_the_tool_writes():
    tool = runpy.run_path(str(ROOT / "tools" / "web_constants.py"))
    there = (ROOT / "web" / "src" / "constants.json").read_text()
    assert there == tool["written"](), "run python tools/web_constants.py"
