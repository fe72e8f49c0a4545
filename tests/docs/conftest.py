"""A folder as the pages assume it, programs to run their blocks with, and a service."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
ENTRY = {"tress": "tress.cli.main", "tress-train": "tress_train.commands.cli"}


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The commands of this environment come first; curl fails where the service does."""
    folder = tmp_path_factory.mktemp("bin")
    programs = {
        name: f'exec {sys.executable} -c "from {module} import run; run()" "$@"' for name, module in ENTRY.items()
    }
    programs["python"] = f'exec {sys.executable} "$@"'
    if curl := shutil.which("curl"):
        programs["curl"] = f'exec {curl} -sS --fail-with-body "$@"'
    for name, line in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src"), "TRESS_OFFLINE": "1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the pages name: photos, folders of photos, marks and a small data set."""
    for name in ("photo.jpg", "a.jpg", "holiday/a.jpg", "holiday/beach/b.jpg", "photos/a.jpg", "catalogue/bags/a.jpg"):
        _photo("lemur", tmp_path / name)
    _photo("people", tmp_path / "group.jpg")
    with Image.open(tmp_path / "photo.jpg") as photo:
        marks = Image.new("L", photo.size)
        pillow_heif.from_pillow(photo).save(tmp_path / "b.heic")
    ImageDraw.Draw(marks).ellipse((2, 2, 20, 20), fill=255)
    marks.save(tmp_path / "marks.png")
    _photo("lemur", tmp_path / "DATA" / "image" / "a.jpg")
    (tmp_path / "DATA" / "alpha").mkdir()
    with Image.open(tmp_path / "DATA" / "image" / "a.jpg") as photo:
        Image.new("L", photo.size, 255).save(tmp_path / "DATA" / "alpha" / "a.png")
    network = tmp_path / "path" / "to" / "net.onnx"
    network.parent.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "data" / "tiny_locator.onnx", network)
    return tmp_path


def _photo(example: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(EXAMPLES / f"{example}.jpg") as picture:
        picture.thumbnail((320, 320))
        picture.save(target)


@pytest.fixture(scope="session")
def service(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Starts ``tress serve`` when it is first asked for; gives its host and port."""
    started: list[subprocess.Popen[bytes]] = []
    log = tmp_path_factory.mktemp("service") / "log"

    def address() -> str:
        if not started:
            with log.open("wb") as output:
                started.append(subprocess.Popen(["tress", "serve", "--port", "0"], env=environment, stderr=output))
        for _ in range(900):
            if port := re.search(r'"port": ?(\d+)', log.read_text("utf-8")):
                return f"127.0.0.1:{port[1]}"
            assert started[0].poll() is None, log.read_text("utf-8")
            time.sleep(0.1)
        raise AssertionError(log.read_text("utf-8"))

    yield address
    for process in started:
        process.terminate()
        process.wait(60)
