"""Recipes: one experiment a file, found by its file's name.

What recipes are made of, and no recipe itself:

- ``base``: the shape of a recipe, and its smoke test;
- ``stages``: stages, mixes and gates as data, and the ladder from simple to complex;
- ``refiner_stages``: the stages of a refiner.
"""

from __future__ import annotations

import importlib
import pkgutil

from tress.errors import InputError
from tress_train.recipes.base import Recipe

_PARTS = ("base", "stages", "refiner_stages")


def recipe_names() -> list[str]:
    """Names of all recipes."""
    return sorted(
        module.name for module in pkgutil.iter_modules(__path__) if module.name not in _PARTS and module.name[0] != "_"
    )


def load_recipe(name: str) -> Recipe:
    """The recipe in the file ``name``.

    Raises:
        InputError: there is none of that name, or it calls itself something else.
    """
    if name not in recipe_names():
        raise InputError(
            "recipe_unknown", f"there is no recipe {name!r}", hint=f"there are: {', '.join(recipe_names())}"
        )
    recipe: Recipe = importlib.import_module(f"{__name__}.{name}").RECIPE
    if recipe.name != name:
        raise InputError("recipe_name", f"the recipe in {name}.py calls itself {recipe.name!r}")
    return recipe


def describe(name: str) -> str:
    """First line of the docstring of a recipe's file."""
    doc = importlib.import_module(f"{__name__}.{name}").__doc__ or ""
    return doc.strip().splitlines()[0] if doc.strip() else ""
