"""Photos, and the command as people run it, with a network so small that a picture costs next to nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

MODEL = Path(__file__).parents[1] / "data" / "tiny_locator.onnx"
PLANNED = ["--model", str(MODEL), "--no-refine"]
COMMAND = [sys.executable, "-c", "from tress.cli.main import run; run()", "batch"]


def picture(seed: int, width_px: int = 64, height_px: int = 48) -> Image.Image:
    """Every seed gives another picture, in which the network finds a subject."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 255, (height_px, width_px, 3), dtype=np.uint8)
    pixels[..., 2] = 250
    return Image.fromarray(pixels)


def photos(folder: Path, count: int, width_px: int = 64, height_px: int = 48) -> Path:
    for number in range(count):
        path = folder / ("album" if number % 3 else ".") / f"{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(number, width_px, height_px).save(path, compress_level=1)
    return folder


def tress(*arguments: object, **settings) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=600, **settings
    )


def started(*arguments: object, **settings) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings
    )


def rows_of(destination: Path) -> list[dict]:
    """The ledger as a user reads it."""
    lines = [
        line
        for part in sorted((destination / ".tress" / "ledger").glob("*.jsonl"))
        for line in part.read_text("utf-8").splitlines()
    ]
    return [json.loads(line) for line in lines]


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file but the ledger's, hidden ones too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".tress" not in path.relative_to(folder).parts[:1]
    }


def children(process: int) -> list[int]:
    """Processes that a process started."""
    try:
        return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def kill(processes: list[int]) -> None:
    for number in processes:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            continue


def gone(processes: list[int], seconds: float = 60.0) -> bool:
    """Waits until none of them runs any more."""
    deadline = time.monotonic() + seconds
    while any(is_running(number) for number in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads /proc")
