"""What others may rely on: the exported names, cheap imports, and no torch."""

import pkgutil
import subprocess
import sys

import pytest

import tress


def python(code):
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_exported_names():
    assert tress.__all__ == [
        "BusyError",
        "InputError",
        "Matte",
        "ModelError",
        "Remover",
        "TressError",
        "__version__",
        "remove",
    ]
    assert all(getattr(tress, name) is not None for name in tress.__all__)
    assert dir(tress) == sorted(tress.__all__)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = tress.nonsense


def test_import_loads_nothing_heavy():
    heavy = python(
        "import sys, tress; print([m for m in ('numpy','cv2','onnxruntime','PIL','rich') if m in sys.modules])"
    )
    assert heavy == "[]"


def test_no_module_of_the_runtime_loads_torch():
    names = [m.name for m in pkgutil.walk_packages(tress.__path__, "tress.") if not m.name.endswith("__main__")]
    assert len(names) > 20
    server = ("fastapi", "starlette", "uvicorn", "python_multipart", "h11", "prometheus_client")
    skip = (*server, "fsspec", "mcp", "PyInstaller")
    code = f"""
import importlib, sys
for name in {names!r}:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        assert error.name.split('.')[0] in {skip!r}, (name, error)
print([m for m in ('torch', 'numba', 'skimage', 'tress_train') if m in sys.modules])
"""
    assert python(code) == "[]"
