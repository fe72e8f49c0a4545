"""The files of ``web/`` that a page loads: our JavaScript, ONNX Runtime's WebAssembly, and the networks.

JavaScript and WebAssembly lie in the folder ``built``, which ``make web`` makes with npm and wheels carry.  An install
from a clone where nobody ran it does without.
"""

from __future__ import annotations

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
    return built | {f"networks/{file.name}": file for file in networks}


def load_bytes() -> int:
    """How much a browser loads before the first picture, uncompressed."""
    return sum(file.stat().st_size for file in package_files().values())
