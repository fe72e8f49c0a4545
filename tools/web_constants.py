"""Writes what the browser's package shares with the Python one, as ``web/src/constants.json``.

The numbers of the algorithm stand in the Python modules, and what the networks are in their files; the JavaScript reads
both from this file.  Run it after either has changed: ``python tools/web_constants.py``.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from tress.api import DEFAULT_MODEL, REFINER
from tress.catalog import resolve
from tress.engine import OnnxEngine

TARGET = Path(__file__).resolve().parents[1] / "web" / "src" / "constants.json"
# Module and its constants, by the names that they have there; a leading underscore is left out.
SHARED = {
    "tress.api": ["MAX_MEGAPIXELS"],
    "tress.matting": ["MAX_STEP", "GRID", "SETTLED", "MAX_TILES", "FOUND_PRESENCE", "FOUND_SHARE"],
    "tress.process.bands": ["SOFT_LOW", "SOFT_HIGH", "UNSURE", "REACH_FIRST", "REACH_LATER"],
    "tress.process.closer": ["SMALLEST_SHARE", "MARGIN", "ENLARGED", "FADE", "NO_PRIOR", "SUBJECT_ALPHA"],
    "tress.process.foreground": [
        "WIDE_LONG_SIDE_PX",
        "WIDE_RADII_PX",
        "NARROW_RADII_PX",
        "BLOCK_PX",
        "OPAQUE",
        "CLEAR",
    ],
    "tress.process.marks": ["REACH_PX", "SIGMA_PX", "HALF"],
    "tress.outputs.backdrop": ["_BLUR_SIDE_PX", "_BLUR_SIGMA_PX", "_LITTLE"],
    "tress.outputs.box": ["_FAINT"],
    "tress.outputs.feather": ["_SIGMA_PX"],
    "tress.outputs.marks": ["_SAME_SHAPE"],
    "tress.outputs.shadow": ["_SIDE_PX", "_SHAPES"],
    "tress.outputs.size": ["MAX_MEGAPIXELS"],
}


def constants() -> dict[str, Any]:
    """What is shared: ``module -> name -> value``, and ``networks``."""
    shared: dict[str, Any] = {}
    for module, names in SHARED.items():
        section = module.removeprefix("tress.").removeprefix("process.")
        shared[section] = {name.lstrip("_"): _plain(getattr(import_module(module), name)) for name in names}
    return {**shared, "networks": {"locator": _network(DEFAULT_MODEL), "refiner": _network(REFINER)}}


def written() -> str:
    """The file's contents."""
    return json.dumps(constants(), indent=1) + "\n"


def _network(name: str) -> dict[str, Any]:
    located = resolve(name)
    data = Path(located.path).read_bytes()
    spec = asdict(OnnxEngine(data, device="cpu", threads=1).spec)
    unused = ("licence", "recipe", "notes")
    return {
        "file": Path(located.path).name,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "spec": {key: value for key, value in spec.items() if key not in unused},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value


if __name__ == "__main__":
    TARGET.write_text(written())
    print(f"wrote {TARGET}", file=sys.stderr)
