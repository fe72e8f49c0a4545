"""The commands of docs/fine-tuning.md do what the page says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("torch")

pytestmark = pytest.mark.train

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/fine-tuning.md"


def commands() -> list[list[str]]:
    """The words of every command on the page, small enough for a test and run by this Python."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL):
        words = shlex.split(block)
        if words[:2] == ["python", "tools/tutorial_pictures.py"]:
            words = [sys.executable, str(ROOT / words[1]), *words[2:]]
            words[words.index("--count") + 1] = "8"
        elif words[0] == "tress-train":
            words = [sys.executable, "-m", "tress_train", *words[1:], "--smoke", "--accept-loss"]
        else:
            words = [sys.executable, "-m", "tress", *words[1:]]
        found.append(words)
    return found


def test_the_tutorial_runs_from_pictures_to_a_cut_out(tmp_path: Path) -> None:
    for words in commands():
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        # 4: a network of a few tiny steps may find no subject, which `tress` says; the picture is written all the same.
        allowed = (0, 4) if words[2] == "tress" else (0,)
        assert done.returncode in allowed, f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    assert len(list((tmp_path / "my-products").glob("*.jpg"))) == 8
    assert (tmp_path / "mine.run/before-after.html").exists()
    with Image.open(tmp_path / "cutout.png") as cutout:
        assert cutout.mode == "RGBA"
