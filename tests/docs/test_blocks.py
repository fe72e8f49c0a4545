"""What the README and the docs tell people to type is typed here."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = ("sh", "python")
_FENCE = re.compile(r"(?P<before>[^\n]*\n)?```(?P<kind>[^\n]*)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
_WHY = re.compile(r"<!-- not run: (.{8,}) -->\n")


@dataclass(frozen=True)
class Block:
    """A fenced block.  ``why_not`` is the reason in the comment above it, ``<!-- not run: WHY -->``."""

    page: str
    line: int
    kind: str
    code: str
    why_not: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """README, the pages beside it, and everything in docs/; what was measured once is no page to follow."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"]
    return sorted(path for path in found if path.name != "CHANGELOG.md")


def blocks() -> list[Block]:
    """Every fenced block of every page."""
    return [block for page in pages() for block in _of(page)]


def _of(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    found = []
    for match in _FENCE.finditer(text):
        why = _WHY.fullmatch(match["before"] or "")
        line = text.count("\n", 0, match.start("kind")) + 1
        name = page.relative_to(ROOT).as_posix()
        found.append(Block(name, line, match["kind"].strip(), match["code"], why[1] if why else ""))
    return found


BLOCKS = blocks()
SERVICE = "localhost:8000"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the pages speak to a POSIX shell")


def test_every_block_says_what_it_is() -> None:
    silent = [str(block) for block in BLOCKS if not block.kind]
    assert not silent, f"write sh, python, text or another language behind the ``` of {', '.join(silent)}"


def test_blocks_are_fenced() -> None:
    """Indented commands would be neither run nor marked."""
    starts = tuple(f"    {word}" for word in ("$ ", "tress ", "tress-train ", "pip ", "make ", "curl ", "import "))
    found = []
    for page in pages():
        lines = page.read_text("utf-8").splitlines()
        fenced = False
        for number, line in enumerate(lines, 1):
            fenced ^= line.startswith("```")
            if not fenced and line.startswith(starts) and not lines[number - 2].strip():
                found.append(f"{page.name}:{number}")
    assert not found, f"put ```sh around the commands of {', '.join(found)}"


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.kind == "sh" and b.why_not], ids=str)
def test_what_is_not_run_is_a_shell_script_at_least(block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=block.code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.kind in RUN and not b.why_not], ids=str)
def test_block(block: Block, folder: Path, environment: dict[str, str], service: Callable[[], str]) -> None:
    code = block.code
    if SERVICE in code:
        if importlib.util.find_spec("fastapi") is None or shutil.which("curl") is None:
            pytest.skip("needs the extra server, and curl")
        code = code.replace(SERVICE, service())
    command = ["bash", "-euo", "pipefail", "-c", code] if block.kind == "sh" else [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (
        f"{block} ended with {done.returncode}; if it cannot run here, put the line"
        f" <!-- not run: WHY --> above it\n{done.stdout}\n{done.stderr}"
    )
