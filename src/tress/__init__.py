"""tress: remove the background from pictures of people and objects.

    import tress
    cutout = tress.remove("photo.jpg")      # a PIL image with transparency

The names below are loaded when they are first used, so that ``import tress`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tress.api import Remover, remove
    from tress.errors import BusyError, InputError, ModelError, TressError
    from tress.matte import Matte

__version__ = "0.4.0"
__all__ = ["BusyError", "InputError", "Matte", "ModelError", "Remover", "TressError", "__version__", "remove"]

_HOME = {
    "BusyError": "tress.errors",
    "InputError": "tress.errors",
    "Matte": "tress.matte",
    "ModelError": "tress.errors",
    "Remover": "tress.api",
    "TressError": "tress.errors",
    "remove": "tress.api",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        try:
            return getattr(import_module(_HOME[name]), name)
        except ImportError as error:
            from tress.builds import explained

            raise explained(error) from None
    raise AttributeError(f"module 'tress' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
