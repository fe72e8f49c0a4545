"""Installs the wheel in ``dist/`` beside other builds of ONNX Runtime and OpenCV: ``make installs``.

What a user has must still be there afterwards, and where something is missing or overwritten the message must say so.
Loads about 1 GB from the package index.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROVIDERS = "import onnxruntime; print(onnxruntime.get_available_providers())"


class Environment:
    """A fresh environment in a folder."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self.folder = folder
        self.bin = folder / ("Scripts" if os.name == "nt" else "bin")
        shutil.copy(ROOT / "examples" / "lemur.jpg", folder / "photo.jpg")

    def install(self, *packages: str) -> None:
        """As a user would."""
        self.run("python", "-m", "pip", "--disable-pip-version-check", "-q", "install", *packages)

    def says(self, wanted: str, *command: str, code: int = 0) -> None:
        """Ends this program unless the command ends with ``code`` and its output contains ``wanted``."""
        said = self.run(*command, code=code)
        if wanted not in said:
            raise SystemExit(f"{' '.join(command)} does not say {wanted!r}:\n{said}")
        print(f"{self.folder.name}: {' '.join(command)[:60]!r} says {wanted!r}", flush=True)

    def run(self, *command: str, code: int = 0) -> str:
        """Runs a program of the environment; returns what it said."""
        words = [str(self.bin / command[0]), *command[1:]]
        settings = {"cwd": self.folder, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        done = subprocess.run(words, check=False, **settings)
        if done.returncode != code:
            raise SystemExit(f"{' '.join(words)} ended with {done.returncode}, not {code}:\n{done.stdout}")
        return done.stdout


def main() -> None:
    """Three environments, one after the other, in a folder that is deleted at the end."""
    wheel = next((ROOT / "dist").glob("*.whl"), None)
    if wheel is None:
        raise SystemExit("there is no wheel in dist/; run: make dist")
    for check in (plain_then_cpu, gpu, over_what_is_there):
        with tempfile.TemporaryDirectory() as folder:
            check(Environment(Path(folder) / check.__name__), str(wheel))


def plain_then_cpu(fresh: Environment, wheel: str) -> None:
    """The plain install says what is missing; the extra brings it."""
    fresh.install(wheel)
    fresh.says("needs OpenCV, and no build of it is installed", "tress", "photo.jpg", code=3)
    fresh.install("opencv-python-headless")
    fresh.says("needs ONNX Runtime, and no build of it is installed", "tress", "photo.jpg", code=3)
    fresh.install(f"{wheel}[cpu]")
    fresh.says("on cpu", "tress", "photo.jpg")


def gpu(fresh: Environment, wheel: str) -> None:
    """The extra for NVIDIA brings the provider."""
    fresh.install(f"{wheel}[gpu]")
    fresh.says("CUDAExecutionProvider", "python", "-c", PROVIDERS)
    fresh.run("tress", "photo.jpg")


def over_what_is_there(fresh: Environment, wheel: str) -> None:
    """The plain install takes nothing away; an extra of another build does, and is told of."""
    fresh.install("onnxruntime-gpu", "opencv-contrib-python-headless")
    fresh.install(wheel)
    fresh.says("CUDAExecutionProvider", "python", "-c", PROVIDERS)
    fresh.says("guidedFilter", "python", "-c", "import cv2; print(dir(cv2.ximgproc))")
    fresh.run("tress", "photo.jpg")
    fresh.install("--force-reinstall", "--no-deps", "onnxruntime")
    fresh.says("was installed over onnxruntime-gpu", "tress", "photo.jpg", "--overwrite", "--device", "cuda", code=3)


if __name__ == "__main__":
    main()
