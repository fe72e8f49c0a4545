"""Recipes: one experiment a file, found by its file's name."""

from __future__ import annotations

import importlib
import pkgutil

from tress.errors import InputError
from tress_train.recipes.base import Recipe


def recipe_names() -> list[str]:
    """Names of all recipes."""
    return sorted(
        module.name for module in pkgutil.iter_modules(__path__) if module.name != "base" and module.name[0] != "_"
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
