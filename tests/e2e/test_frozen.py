"""A program that PyInstaller has frozen finds the weights and everything else."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest.importorskip("PyInstaller")
from tress.pyinstaller import hook_dirs

EXAMPLE = Path(__file__).parents[2] / "examples" / "animal.jpg"
SOURCE = Path(__file__).parents[2] / "src"
PROGRAM = """
import sys, tress
result = tress.remove(sys.argv[1])
assert result.mode == "RGBA" and result.getchannel("A").getextrema() == (0, 255)
print("cut out with", tress.Remover().model)
"""


def test_the_hook_is_announced_and_there():
    assert (Path(hook_dirs()[0]) / "hook-tress.py").is_file()
    announced = {entry.value for entry in entry_points(group="pyinstaller40")}
    if "tress.pyinstaller:hook_dirs" not in announced:
        pytest.skip("tress was installed before it had the hook; install it anew")


def test_a_frozen_program_works(tmp_path):
    (tmp_path / "app.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR", "--paths", str(SOURCE)]
    # What the environment of a developer has beyond the runtime would be packed along.
    without = [f"--exclude-module={name}" for name in ("torch", "tress_train", "matplotlib", "pytest", "tkinter")]
    frozen = subprocess.run(
        [*command, *without, "--additional-hooks-dir", hook_dirs()[0], "app.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert frozen.returncode == 0, frozen.stderr[-3000:]
    program = tmp_path / "dist" / "app" / ("app.exe" if sys.platform == "win32" else "app")
    done = subprocess.run([program, EXAMPLE], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "cut out with tress-locator" in done.stdout
