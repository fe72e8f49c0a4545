"""The walk through the code names files that are there, and no folder is without its line of purpose."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"


def pages() -> list[Path]:
    return [PAGE, ROOT / "CONTRIBUTING.md", ROOT / "AGENTS.md", *sorted((ROOT / "docs" / "decisions").glob("*.md"))]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_named_files_are_there(page: Path) -> None:
    named = re.findall(r"`((?:src|tests|docs|benchmarks|tools|weights|deploy)(?:/[\w.-]+)+)`", page.read_text("utf-8"))
    # CONTRIBUTING has its reader write this one.
    missing = [name for name in named if not (ROOT / name).exists() and name != "src/tress/metrics/off.py"]
    assert not missing, f"{page.name} names {missing}"


def test_every_folder_has_a_line() -> None:
    text = PAGE.read_text("utf-8")
    packages = {path.parent for path in (ROOT / "src").rglob("*.py")} | {ROOT / "src/tress/server/page"}
    silent = [name for path in packages if f"| `{(name := path.relative_to(ROOT).as_posix())}` |" not in text]
    assert not silent, f"say in docs/architecture.md what {sorted(silent)} is for"
