"""The files of ``web/`` that a page loads: our JavaScript, ONNX Runtime's WebAssembly, and the networks.

JavaScript and WebAssembly lie in the folder ``built``, which ``make web`` makes with npm and wheels carry.  An install
from a clone where nobody ran it does without.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tress.api import DEFAULT_MODEL, REFINER
from tress.catalog import resolve
from tress.errors import InputError

_BUILT = Path(__file__).parent / "built"


def is_built() -> bool:
    """Whether this installation has the files."""
    return _BUILT.is_dir()


def package_files() -> dict[str, Path]:
    """Every file by its address below the package's folder, such as ``src/index.js``.

    Raises:
        InputError: ``browser_missing``: they were not built.
    """
    if not is_built():
        raise InputError(
            "browser_missing",
            "this installation has no files for browsers",
            hint="in a clone run `make web`, which needs npm, and install again; released wheels have them",
        )
    built = {file.relative_to(_BUILT).as_posix(): file for file in sorted(_BUILT.rglob("*")) if file.is_file()}
    networks = [Path(resolve(name).path) for name in (DEFAULT_MODEL, REFINER)]
    return built | {f"networks/{file.name}": file for file in networks} | _licences()


def _licences() -> dict[str, Path]:
    """What ONNX Runtime and its parts ask to hand on with them, from the Python package of the same source."""
    runtime = find_spec("onnxruntime")
    folder = Path(runtime.origin).parent if runtime and runtime.origin else None
    found = [folder / name for name in ("LICENSE", "ThirdPartyNotices.txt")] if folder else []
    return {f"runtime/{file.name}": file for file in found if file.is_file()}


def load_bytes() -> int:
    """How much a browser loads before the first picture, uncompressed."""
    read_by_people = _licences()
    return sum(file.stat().st_size for name, file in package_files().items() if name not in read_by_people)
