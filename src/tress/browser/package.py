"""The files of ``web/`` that a page loads: our JavaScript, ONNX Runtime's WebAssembly, and the networks.

JavaScript and WebAssembly lie in the folder ``built``, which ``make web`` makes with npm and wheels carry.  An install
from a clone where nobody ran it does without.  The WebAssembly lies there compressed: as xz it takes 2.2 MB, in a wheel
alone 3.7, unpacked 14.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from tress.api import DEFAULT_MODEL, REFINER
from tress.catalog import resolve
from tress.errors import InputError

_BUILT = Path(__file__).parent / "built"
_PACKED = ".xz"


@dataclass(frozen=True)
class Packed:
    """A file that lies compressed in the installation.

    Attributes:
        path: of the compressed file.
    """

    path: Path

    def read_bytes(self) -> bytes:
        """What is in it; unpacked once, since a server sends it again and again."""
        return _unpacked(self.path)


BrowserFile: TypeAlias = Path | Packed


@cache
def _unpacked(path: Path) -> bytes:
    import lzma

    return lzma.decompress(path.read_bytes())


def is_built() -> bool:
    """Whether this installation has the files, and can read them: a few builds of Python lack lzma."""
    return _BUILT.is_dir() and find_spec("_lzma") is not None


def package_files() -> dict[str, BrowserFile]:
    """Every file by its address below the package's folder, such as ``src/index.js``.

    Raises:
        InputError: ``browser_missing``: they were not built.
    """
    if not is_built():
        raise InputError(
            "browser_missing",
            "this installation has no files for browsers",
            hint="in a clone run `make web`, which needs npm, and install again; released wheels have them, and need a "
            "Python with lzma",
        )
    built: dict[str, BrowserFile] = {}
    for file in sorted(_BUILT.rglob("*")):
        if file.is_file():
            name = file.relative_to(_BUILT).as_posix()
            built[name.removesuffix(_PACKED)] = Packed(file) if file.suffix == _PACKED else file
    networks = [Path(resolve(name).path) for name in (DEFAULT_MODEL, REFINER)]
    return built | {f"networks/{file.name}": file for file in networks} | _licences()


def _licences() -> dict[str, BrowserFile]:
    """What ONNX Runtime and its parts ask to hand on with them, from the Python package of the same source."""
    runtime = find_spec("onnxruntime")
    folder = Path(runtime.origin).parent if runtime and runtime.origin else None
    found = [folder / name for name in ("LICENSE", "ThirdPartyNotices.txt")] if folder else []
    return {f"runtime/{file.name}": file for file in found if file.is_file()}


def load_bytes() -> int:
    """How much a browser loads before the first picture, uncompressed."""
    read_by_people = _licences()
    return sum(_size(file) for name, file in package_files().items() if name not in read_by_people)


def _size(file: BrowserFile) -> int:
    return len(file.read_bytes()) if isinstance(file, Packed) else file.stat().st_size
