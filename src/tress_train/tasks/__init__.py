"""Tasks: what the loop trains.  A new one stands in a file of its own and is named here.

- ``base``: what the loop asks of a task, and what tasks share;
- ``locator``, ``refiner``: one network each.
"""

from __future__ import annotations

from pathlib import Path

from tress_train.recipes.base import BaseRecipe, Recipe, RefinerRecipe
from tress_train.tasks.base import Task
from tress_train.tasks.locator import LocatorTask
from tress_train.tasks.refiner import RefinerTask


def make_task(recipe: BaseRecipe, init: Path | None = None) -> Task:
    """The task of a recipe; ``init`` are weights to start from.

    Raises:
        InputError: a file of weights is missing.
        ModelError: weights are damaged or of another network.
    """
    if isinstance(recipe, RefinerRecipe):
        return RefinerTask(recipe, init)
    assert isinstance(recipe, Recipe)
    return LocatorTask(recipe, init)
