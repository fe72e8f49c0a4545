"""Which packages a command needs, said before it starts instead of by a traceback."""

from __future__ import annotations

import importlib.util

from tress.errors import InputError


def need_packages(extra: str, what: str, *packages: str) -> None:
    """Raises InputError if one of the packages of an extra is not installed."""
    for package in packages:
        try:
            found = importlib.util.find_spec(package)
        except ModuleNotFoundError:
            found = None
        if found is None:
            # Training also runs the networks it makes.
            extras = "cpu,train" if extra == "train" else extra
            raise InputError(
                f"{extra}_not_installed",
                f"{what} needs the package {package}, which is not installed",
                hint=f"in a clone or copy of the repository: pip install '.[{extras}]'",
            )


def need_training_packages() -> None:
    """Raises InputError if what training needs is not installed."""
    need_packages("train", "training", "torch", "accelerate", "tensorboard")
