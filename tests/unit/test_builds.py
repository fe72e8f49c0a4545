"""Where a build of ONNX Runtime or OpenCV is missing or has been overwritten, the message says what to install."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tress import builds, engine
from tress.errors import ModelError

ROOT = Path(__file__).parents[2]
LEMUR = ROOT / "examples" / "lemur.jpg"


def without(module: str, code: str) -> subprocess.CompletedProcess[str]:
    hidden = f"import sys; sys.modules[{module!r}] = None\n{code}"
    return subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("module", "name"), [("cv2", "OpenCV"), ("onnxruntime", "ONNX Runtime")])
def test_the_command_names_the_missing_build(module: str, name: str, tmp_path: Path) -> None:
    arguments = ["cut", str(LEMUR), "-o", str(tmp_path / "x.png")]
    done = without(module, f"from tress.cli.main import main; sys.exit(main({arguments!r}))")
    assert done.returncode == 3, done.stderr
    assert f"needs {name}, and no build of it is installed" in done.stderr
    assert re.search(r"hint: .*\bcpu or gpu\b.*pip install", done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("module", "name"), [("cv2", "OpenCV"), ("onnxruntime", "ONNX Runtime")])
def test_python_names_the_missing_build(module: str, name: str) -> None:
    code = "import tress\ntry: tress.Remover()\nexcept tress.ModelError as error: print(error.code, error.message)"
    done = without(module, code)
    assert done.stdout.startswith(f"build_missing tress needs {name}"), done.stderr


def test_a_build_that_does_not_start_is_not_called_missing() -> None:
    error = builds.explained(ImportError("libGL.so.1: cannot open shared object file", name="cv2"))
    assert isinstance(error, ModelError)
    assert error.code == "build_broken"
    assert "libGL.so.1" in error.message


def test_other_imports_are_left_alone() -> None:
    error = ModuleNotFoundError("no module", name="fastapi")
    assert builds.explained(error) is error


def test_a_build_that_was_overwritten_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = next(d for d in ("cuda", "directml", "openvino") if d not in engine.available_devices())
    monkeypatch.setattr(engine, "is_installed", lambda package: True)
    with pytest.raises(ModelError, match="was installed over onnxruntime-"):
        engine.OnnxEngine(ROOT / "tests" / "data" / "tiny_locator.onnx", device=absent)


def pages() -> list[Path]:
    found = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").glob("*"), ROOT / "Makefile"]
    return [path for path in found if path.is_file()]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_install_line_chooses_a_build(page: Path) -> None:
    """``pip install '.[server]'`` alone would bring no ONNX Runtime."""
    for line in re.findall(r"install[^\n]*?(?:\.|tress)\[([a-z,]+)\]", page.read_text("utf-8")):
        extras = set(line.split(","))
        # The other extras are added to what is there.
        if extras & {"server", "train"}:
            assert extras & {"cpu", "gpu"}, f"{page}: [{line}] names neither cpu nor gpu"
